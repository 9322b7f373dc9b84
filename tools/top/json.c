/* SPDX-License-Identifier: MIT */
#include "top/json.h"

#include <stdio.h>
#include <string.h>

#include <webcodecs/memory.h>
#include <webcodecs/pressure.h>
#include <webcodecs/version.h>

#include "common/json_builder.h"
#include "common/printable.h"

/* JSON is UTF-8 and nothing else; who wrote these did not have to care. */
static void put_text(struct json_builder *builder, json_object *object, const char *key,
		     const char *value)
{
	char text[PATH_MAX];

	snprintf(text, sizeof text, "%s", value);
	printable(text, true);
	json_put_string(builder, object, key, text);
}

static double seconds(int64_t microseconds)
{
	return (double)microseconds / 1e6;
}

/* What holders and waiters have in common. */
static json_object *person_of(struct json_builder *builder, const struct person *person)
{
	json_object *object = json_object_new_object();

	json_put_number(builder, object, "pid", person->holder.pid);
	put_text(builder, object, "command", person->command);
	put_text(builder, object, "role", person->holder.role);
	put_text(builder, object, "codec", person->holder.codec);
	json_put_number(builder, object, "width", person->holder.width);
	json_put_number(builder, object, "height", person->holder.height);
	put_text(builder, object, "label", person->holder.label);
	json_put_string(builder, object, "state", person_state(person));
	json_put_number(builder, object, "priority", person->priority);
	json_put_bool(builder, object, "background", person->background);
	return object;
}

static json_object *holder_of(struct json_builder *builder, const struct person *person)
{
	json_object *object = person_of(builder, person);

	json_put_real(builder, object, "idle", seconds(person->holder.idle));
	if (person->taken >= 0)
		json_put_real(builder, object, "held", seconds(person->taken));
	json_put_number(builder, object, "bytes", (int64_t)(person->bytes & INT64_MAX));
	json_put_number(builder, object, "rate", person->holder.rate);
	return object;
}

static json_object *waiter_of(struct json_builder *builder, const struct person *person)
{
	json_object *object = person_of(builder, person);

	if (person->taken >= 0)
		json_put_real(builder, object, "waiting", seconds(person->taken));
	return object;
}

static json_object *device_of(struct json_builder *builder, const struct snapshot *snapshot,
			      const struct usage_table *table)
{
	json_object *object = json_object_new_object();
	json_object *holders = json_object_new_array();
	json_object *waiters = json_object_new_array();
	struct person person;

	put_text(builder, object, "device", table->device);
	put_text(builder, object, "node", table->node);
	json_put_number(builder, object, "quota", table->quota);
	json_put_number(builder, object, "contexts", table->n_holders);
	json_put_number(builder, object, "rate_quota", table->rate_quota);
	json_put_number(builder, object, "rate", (int64_t)(table->rate & INT64_MAX));
	for (unsigned i = 0; i < table->n_holders; i++) {
		snapshot_describe(snapshot, &table->holders[i], &person);
		json_append(builder, holders, holder_of(builder, &person));
	}
	for (unsigned i = 0; i < table->n_waiters; i++) {
		snapshot_describe(snapshot, &table->waiters[i], &person);
		json_append(builder, waiters, waiter_of(builder, &person));
	}
	json_put(builder, object, "holders", holders);
	json_put(builder, object, "waiters", waiters);
	return object;
}

/* A context of the library, of this or another process. */
static json_object *keeper_of(struct json_builder *builder, const struct person *person)
{
	const struct slot_memory *memory = &person->memory;
	json_object *object = json_object_new_object();
	json_object *kinds = json_object_new_object();

	json_put_number(builder, object, "pid", person->holder.pid);
	put_text(builder, object, "command", person->command);
	json_put_string(builder, object, "state", person_state(person));
	json_put_number(builder, object, "frames", memory->frames);
	json_put_number(builder, object, "chunks", memory->chunks);
	json_put_number(builder, object, "bytes", (int64_t)(person->bytes & INT64_MAX));
	for (unsigned i = 0; i < WC_MEMORY_KINDS; i++)
		json_put_number(builder, kinds, wc_memory_kind_name((enum wc_memory_kind)i),
				(int64_t)memory->kinds[i] * 1024);
	json_put(builder, object, "bytes_by_kind", kinds);
	json_put_number(builder, object, "pool_bytes", (int64_t)memory->idle * 1024);
	json_put_string(builder, object, "pressure",
			wc_pressure_level_name((enum wc_pressure_level)memory->level));
	return object;
}

static json_object *keepers_of(struct json_builder *builder, const struct snapshot *snapshot)
{
	const struct usage_table *table = &snapshot->usage.presence;
	json_object *keepers = json_object_new_array();
	struct person person;

	for (unsigned i = 0; i < table->n_holders; i++) {
		snapshot_describe(snapshot, &table->holders[i], &person);
		json_append(builder, keepers, keeper_of(builder, &person));
	}
	return keepers;
}

static json_object *spans_of(struct json_builder *builder, const double spans[MEMORY_SPANS])
{
	json_object *object = json_object_new_object();

	json_put_real(builder, object, "avg10", spans[0]);
	json_put_real(builder, object, "avg60", spans[1]);
	json_put_real(builder, object, "avg300", spans[2]);
	return object;
}

static json_object *memory_of(struct json_builder *builder, const struct memory *memory)
{
	json_object *object = json_object_new_object();

	if (memory->has_available) {
		json_put_number(builder, object, "total", (int64_t)memory->total);
		json_put_number(builder, object, "available", (int64_t)memory->available);
	}
	if (memory->has_cma) {
		json_put_number(builder, object, "cma_total", (int64_t)memory->cma_total);
		json_put_number(builder, object, "cma_free", (int64_t)memory->cma_free);
	}
	if (memory->has_pressure) {
		json_put(builder, object, "some", spans_of(builder, memory->some));
		json_put(builder, object, "full", spans_of(builder, memory->full));
	}
	return object;
}

int json_print(const struct snapshot *snapshot)
{
	struct json_builder builder = { .failed = false };
	json_object *root = json_object_new_object();
	json_object *devices = json_object_new_array();

	for (size_t i = 0; i < snapshot->usage.n_tables; i++)
		json_append(&builder, devices,
			    device_of(&builder, snapshot, &snapshot->usage.tables[i]));
	json_put_string(&builder, root, "version", wc_version());
	put_text(&builder, root, "directory", snapshot->place->directory);
	json_put(&builder, root, "devices", devices);
	json_put(&builder, root, "processes", keepers_of(&builder, snapshot));
	json_put_number(&builder, root, "skipped", snapshot->usage.n_skipped);
	json_put(&builder, root, "memory", memory_of(&builder, &snapshot->memory));
	return json_finish(&builder, root);
}
