/*
 * Reading the plan. Everything points into one buffer, which stays as long as the process; the arrays of strings lie in an
 * arena that is sized once from the length of the plan. See src/plan/schema.ts for the format.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_HEADER_SIZE 12
#define PLAN_MAX_SIZE (16u << 20)
#define PLAN_MAX_STEPS 8192

struct plan_strs {
	uint32_t count;
	char **items; /* NULL-terminated */
};

struct plan_bytes {
	uint32_t length;
	const uint8_t *data;
};

struct plan_u32s {
	uint32_t count;
	const uint32_t *items;
};

struct plan_reader {
	uint8_t *cursor, *end;
	uint64_t *arena, *arena_end;
};

bool read_u32(struct plan_reader *r, uint32_t *value);
bool read_i32(struct plan_reader *r, int32_t *value);
bool read_u64(struct plan_reader *r, uint64_t *value);
bool read_str(struct plan_reader *r, const char **value);
bool read_strs(struct plan_reader *r, struct plan_strs *value);
bool read_bytes(struct plan_reader *r, struct plan_bytes *value);
bool read_u32s(struct plan_reader *r, struct plan_u32s *value);

struct step;

struct plan {
	struct step *steps;
	uint16_t count;
};

/* Reads a whole plan from fd; 0, or -1 with errno (EPROTO: malformed). */
int plan_read(int fd, struct plan *plan);

#endif
