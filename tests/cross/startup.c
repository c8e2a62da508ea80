/*
 * Reset code for QEMU's mps2-an385 (Cortex-M3).
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t data_load[], data_start[], data_end[], stack_top[];
extern uint8_t __bss_start__[], __bss_end__[];
extern void initialise_monitor_handles(void);
extern int main(void);
void reset(void);
void fault(void);

void reset(void)
{
	memcpy(data_start, data_load,
		(size_t)((uint8_t *)data_end - (uint8_t *)data_start));
	memset(__bss_start__, 0, (size_t)(__bss_end__ - __bss_start__));
	initialise_monitor_handles();
	exit(main());
}

void fault(void)
{
	_Exit(99);
}

/* ARMv7-M B1.5.2: initial stack pointer, reset, NMI, faults. */
__attribute__((
	section(".vectors"), used)) static const void *const vectors[16] = {
	stack_top,
	(const void *)reset,
	(const void *)fault,
	(const void *)fault,
	(const void *)fault,
	(const void *)fault,
	(const void *)fault,
};
