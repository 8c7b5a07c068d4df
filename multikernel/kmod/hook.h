/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MULTIKERNEL_HOOK_H
#define MULTIKERNEL_HOOK_H

int mk_hooks_set(void);
void mk_hooks_remove(void);

#endif
