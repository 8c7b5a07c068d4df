/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the preload ask of each other. */
#ifndef FAKE_H
#define FAKE_H

/* Logs that the program writes the attribute `path`; 0, or the errno that it shall get. */
int fake_attribute(const char* path);

/* The files of multikernel.ko below FAKE_ROOT, where they are there, follow the calls that succeed. */
void fake_instance_loaded(unsigned id);
void fake_instance_dropped(unsigned id);
void fake_instance_status(unsigned id, const char* status);
/* The same for a multikernel kernel, whose instances have folders by name: the status of the one with this id. */
void fake_native_status(unsigned id, const char* status);

#endif
