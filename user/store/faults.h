/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_FAULTS_H
#define VIPCAST_STORE_FAULTS_H

#include "api/object.h"

/* "FILE:LINE: KIND/NAME: FIELD: what is wrong", in BUF; what is not known is left out. */
const char *fault_format(const struct fault *fault, char *buf, size_t size);

/* Sorts by file, line, object, field and text. */
void fault_list_sort(fault_list *faults);

/* Appends a copy. */
void fault_list_copy(fault_list *to, const struct fault *fault);

/* True when both say the same of the same object in the same file, on whatever line. */
bool fault_same(const struct fault *a, const struct fault *b);

#endif
