// SPDX-License-Identifier: Apache-2.0
#include "bgp/rib_reader.h"

#include <stdlib.h>

#include "bgp/rib_log.h"
#include "util/mem.h"

struct rib_reader *rib_reader_open(struct rib *rib)
{
	struct rib_reader *reader = xcalloc(1, sizeof(*reader));

	reader->rib = rib;
	array_push(&rib->readers, reader);
	rib_reader_rewind(reader);
	return reader;
}

void rib_reader_close(struct rib_reader *reader)
{
	if (!reader)
		return;

	struct rib *rib = reader->rib;

	for (uint32_t id = 0; id < reader->sent.n; id++)
		rib_reader_sent(reader, id, NULL);
	for (size_t i = 0; i < rib->readers.n; i++) {
		if (rib->readers.v[i] == reader)
			array_remove(&rib->readers, i);
	}
	array_free(&reader->sent);
	free(reader);
}

bool rib_reader_behind(const struct rib_reader *reader)
{
	return reader->at != RIB_END;
}

static const struct nhset *sent(const struct rib_reader *reader, uint32_t id)
{
	return id < reader->sent.n ? reader->sent.v[id] : NULL;
}

bool rib_reader_next(struct rib_reader *reader, struct rib_change *out)
{
	const struct rib_entry *entry = &reader->rib->entries.v[reader->at];

	if (reader->at == RIB_END)
		return false;
	*out = (struct rib_change){
		.id = reader->at, .route = entry->route, .sent = sent(reader, reader->at)};
	reader->at = entry->next;
	return true;
}

void rib_reader_sent(struct rib_reader *reader, uint32_t id, const struct nhset *set)
{
	struct rib *rib = reader->rib;
	struct rib_entry *entry = &rib->entries.v[id];
	const struct nhset *old = sent(reader, id);

	while (set && reader->sent.n <= id)
		array_push(&reader->sent, NULL);
	if (id < reader->sent.n)
		reader->sent.v[id] = set;
	nhset_put(rib->nhsets, old);
	entry->holders += (set != NULL);
	entry->holders -= (old != NULL);
	if (old && !entry->holders && !entry->route.nhset)
		rib_entry_release(rib, id);
}

void rib_reader_rewind(struct rib_reader *reader)
{
	reader->at = reader->rib->entries.v[RIB_END].next;
}
