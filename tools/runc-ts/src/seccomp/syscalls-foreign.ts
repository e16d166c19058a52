/** System calls that only architectures without a table here have (mips, powerpc, riscv64, s390x …): known, but of no use to a filter. */
export const foreignSyscalls =
  'atomic_barrier atomic_cmpxchg_32 cachectl getpagesize multiplexer riscv_flush_icache riscv_hwprobe rtas s390_guarded_storage ' +
  's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr s390_sthyi spu_create spu_run subpage_prot swapcontext switch_endian ' +
  'sync_file_range2 syscall sys_debug_setcontext sysmips timerfd';
