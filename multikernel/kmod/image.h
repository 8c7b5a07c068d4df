/* SPDX-License-Identifier: GPL-2.0 */
/* kexec_load(2): images come and go. */
#ifndef MULTIKERNEL_IMAGE_H
#define MULTIKERNEL_IMAGE_H

#include <linux/types.h>

int mk_image_load(u32 id, u64 entry, unsigned long nr_segments,
		  const void __user *segments);
int mk_image_drop(u32 id);
void mk_images_drop_all(void);

#endif
