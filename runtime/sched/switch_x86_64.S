// The fiber switch for x86-64 (System V).
//
// A context that does not run is one pointer: the stack pointer at which this frame lies:
//
//    +0   MXCSR (4 bytes), x87 control word (2 bytes)
//    +8   r15   +16 r14   +24 r13   +32 r12   +40 rbx   +48 rbp   +56 return address
//
// That is all the ABI asks a callee to keep; no XMM register is live across a call, so a conservative
// scan of [sp, top) sees every reference of a parked fiber.

        .text

// void xebec_switch(void** save_sp, void* load_sp)
        .globl  xebec_switch
        .hidden xebec_switch
        .type   xebec_switch, @function
        .p2align 5
xebec_switch:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movl    (%rsp), %eax
        movzwl  4(%rsp), %edx
        movq    %rsp, (%rdi)
        // From here on the other stack. Its frame has the same layout, so the CFI still holds.
        movq    %rsi, %rsp
        cmpl    (%rsp), %eax
        jne     1f                      // rare: a fiber changed its rounding or masks
        cmpw    4(%rsp), %dx
        jne     1f
2:      addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        popq    %rcx                    // not ret: the return predictor holds the other stack's
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rcx
        jmp     *%rcx
        .cfi_endproc
        .size   xebec_switch, .-xebec_switch

        // The slow path of the control words, with a CFI state of its own.
        .type   xebec_switch_control, @function
xebec_switch_control:
        .cfi_startproc
        .cfi_def_cfa %rsp, 64
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
1:      ldmxcsr (%rsp)
        fldcw   4(%rsp)
        jmp     2b
        .cfi_endproc
        .size   xebec_switch_control, .-xebec_switch_control

// Where a new fiber begins: its first switch "returns" here, with rbp = 0. The undefined return
// address tells unwinders and debuggers that the stack ends; an exception that comes so far finds
// no handler, so std::terminate runs with the whole stack still there.
        .globl  xebec_fiber_entry
        .hidden xebec_fiber_entry
        .type   xebec_fiber_entry, @function
        .p2align 4
        .cfi_startproc
        .cfi_undefined %rip
        nop                             // unwinders look up return address - 1
xebec_fiber_entry:
        call    xebec_fiber_main
        ud2
        .cfi_endproc
        .size   xebec_fiber_entry, .-xebec_fiber_entry

// void xebec_enter_blocking(): spills the callee-saved registers, which may hold the callers'
// references, and calls xebec_enter_blocking_impl(registers, caller's sp).
        .globl  xebec_enter_blocking
        .type   xebec_enter_blocking, @function
        .p2align 4
xebec_enter_blocking:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq    $48, %rsp
        movq    %rbx, (%rsp)
        movq    %r12, 8(%rsp)
        movq    %r13, 16(%rsp)
        movq    %r14, 24(%rsp)
        movq    %r15, 32(%rsp)
        movq    (%rbp), %rax
        movq    %rax, 40(%rsp)          // the caller's rbp
        movq    %rsp, %rdi
        leaq    16(%rbp), %rsi
        call    xebec_enter_blocking_impl
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   xebec_enter_blocking, .-xebec_enter_blocking

// void xebec_with_registers(void (*fn)(const void* sp, void* arg), void* arg): pushes the
// callee-saved registers and calls fn with the stack pointer below them.
        .globl  xebec_with_registers
        .hidden xebec_with_registers
        .type   xebec_with_registers, @function
        .p2align 4
xebec_with_registers:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        movq    %rdi, %rax
        movq    %rsp, %rdi
        call    *%rax
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   xebec_with_registers, .-xebec_with_registers

        .section .note.GNU-stack,"",@progbits
