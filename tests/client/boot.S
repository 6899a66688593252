/*
 * A boot sector that says on the first serial port where it came from, and
 * rests.
 */
	.code16
	.globl	_start
_start:
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	$message, %si
	movw	$0x3f8, %dx
next:
	lodsb
	testb	%al, %al
	jz	rest
	outb	%al, %dx
	jmp	next
rest:
	hlt
	jmp	rest
message:
	.asciz	"this boot sector came over AoE\n"
	.org	510
	.word	0xaa55
