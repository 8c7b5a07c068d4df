/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unsigned limits, by which xxhash.h picks its integer types. */
#ifndef PURGATORY_LIMITS_H
#define PURGATORY_LIMITS_H

#define UCHAR_MAX (__SCHAR_MAX__ * 2 + 1)
#define USHRT_MAX (__SHRT_MAX__ * 2 + 1)
#define UINT_MAX (__INT_MAX__ * 2U + 1U)
#define ULONG_MAX (__LONG_MAX__ * 2UL + 1UL)
#define ULLONG_MAX (__LONG_LONG_MAX__ * 2ULL + 1ULL)

#endif
