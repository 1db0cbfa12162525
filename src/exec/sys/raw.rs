//! System calls without the C library: what a child may use that shares its parent's memory while the parent runs.
//!
//! The C library reports errors in a variable of the calling thread; such a child has its parent's.

/// Whether calls here leave the parent's memory alone. Where not, a child may run only while its parent waits.
pub(super) const ALONE: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Makes a system call. A negative result is the error's number, negated.
///
/// # Safety
/// That of the call: pointers must be good for what it does with them.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn call(number: libc::c_long, args: [usize; 5]) -> isize {
    let result: isize;
    // SAFETY: as the function's; the kernel keeps all registers but these.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Makes a system call. A negative result is the error's number, negated.
///
/// # Safety
/// That of the call: pointers must be good for what it does with them.
#[cfg(target_arch = "aarch64")]
pub(super) unsafe fn call(number: libc::c_long, args: [usize; 5]) -> isize {
    let result: isize;
    // SAFETY: as the function's; the kernel keeps all registers but these.
    unsafe {
        std::arch::asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") args[0] => result,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            in("x4") args[4],
            options(nostack),
        );
    }
    result
}

/// Makes a system call. A negative result is the error's number, negated.
///
/// # Safety
/// That of the call: pointers must be good for what it does with them.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) unsafe fn call(number: libc::c_long, args: [usize; 5]) -> isize {
    // SAFETY: as the function's.
    unsafe {
        let result = libc::syscall(number, args[0], args[1], args[2], args[3], args[4]);
        if result < 0 { -(*libc::__errno_location() as isize) } else { result as isize }
    }
}
