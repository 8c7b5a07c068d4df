// SPDX-License-Identifier: GPL-2.0
/* /proc/kimage: one line for each loaded image. */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "claims.h"
#include "procfs.h"

static int kimage_show(struct seq_file *seq, void *unused)
{
	struct mk_instance *inst;

	seq_puts(seq, "MK_ID  Type        Start Address   Segments  Mode  Cmdline\n");
	seq_puts(seq, "-----  ----------  --------------  --------  ----  -------\n");
	spin_lock(&mk_claims);
	list_for_each_entry(inst, &mk_instances, node) {
		if (mk_hidden(inst))
			continue;
		seq_printf(seq, "%5u  %-10s  0x%012llx  %8u  %-4s  \"\"\n",
			   inst->id, "multikernel", inst->entry,
			   inst->nr_segments, "sys");
	}
	spin_unlock(&mk_claims);
	return 0;
}

int mk_procfs_init(void)
{
	return proc_create_single("kimage", 0400, NULL, kimage_show) ? 0 :
								       -ENOMEM;
}

void mk_procfs_exit(void)
{
	remove_proc_entry("kimage", NULL);
}
