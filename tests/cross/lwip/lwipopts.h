/*
 * lwIP for a small device whose only network is what sdesp gives it: no
 * system, no sockets, TCP and UDP over IPv4. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_CROSS_LWIP_LWIPOPTS_H
#define TESTS_CROSS_LWIP_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_ICMP 0
#define LWIP_RAW 0
#define LWIP_STATS 0
#define IP_FRAG 0
#define IP_REASSEMBLY 0

#define MEM_ALIGNMENT 4
#define MEM_SIZE (32 * 1024)
#define MEMP_NUM_TCP_PCB 8
#define MEMP_NUM_TCP_SEG 32

/* What comes in takes its memory from MEM_SIZE, not from a pool. */
#define PBUF_POOL_SIZE 1
#define PBUF_POOL_BUFSIZE 64
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

#define TCP_MSS 1400
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)

#endif
