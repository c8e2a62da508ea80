/* lwIP's clock. SPDX-License-Identifier: MIT */
#include "lwip/timeouts.h"

#include "sdesp_lwip.h"

uint64_t sdesp_lwip_tick(uint64_t now_ms)
{
	u32_t sleep;

	sys_check_timeouts();
	sleep = sys_timeouts_sleeptime();
	return sleep == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? UINT64_MAX
							: now_ms + sleep;
}
