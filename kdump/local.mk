# SPDX-License-Identifier: GPL-2.0-or-later
include kdump/crash/local.mk
include kdump/dump/local.mk
include kdump/save/local.mk
include kdump/program/local.mk
