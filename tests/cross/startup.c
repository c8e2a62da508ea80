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
void _fini(void);

void reset(void)
{
	memcpy(data_start, data_load,
		(size_t)((uint8_t *)data_end - (uint8_t *)data_start));
	memset(__bss_start__, 0, (size_t)(__bss_end__ - __bss_start__));
	initialise_monitor_handles();
	exit(main());
}

/* newlib's exit() calls it; there is nothing to do. */
void _fini(void)
{
}

void fault(void)
{
	_Exit(99);
}

/* ARMv7-M B1.5.2: initial stack pointer, reset, NMI, faults. */
__attribute__((section(".vectors"), used)) static const struct {
	uint32_t *stack;
	void (*handler[15])(void);
} vectors = {
	stack_top,
	{reset, fault, fault, fault, fault, fault},
};
