/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_UTIL_VERSION_H
#define VIPCAST_UTIL_VERSION_H

/* What every program answers to --version. */
#define VIPCAST_VERSION "0.1.0"

#endif
