/* See plan.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plan.gen.h"

static bool take(struct plan_reader *r, size_t size, uint8_t **at)
{
	if ((size_t)(r->end - r->cursor) < size)
		return false;
	*at = r->cursor;
	r->cursor += size;
	return true;
}

bool read_u32(struct plan_reader *r, uint32_t *value)
{
	uint8_t *at;
	if (!take(r, sizeof(*value), &at))
		return false;
	memcpy(value, at, sizeof(*value));
	return true;
}

bool read_i32(struct plan_reader *r, int32_t *value)
{
	uint32_t raw;
	if (!read_u32(r, &raw))
		return false;
	memcpy(value, &raw, sizeof(raw));
	return true;
}

bool read_u64(struct plan_reader *r, uint64_t *value)
{
	uint8_t *at;
	if (!take(r, sizeof(*value), &at))
		return false;
	memcpy(value, at, sizeof(*value));
	return true;
}

bool read_str(struct plan_reader *r, const char **value)
{
	uint32_t length;
	uint8_t *at;
	if (!read_u32(r, &length) || !take(r, (size_t)length + 1, &at))
		return false;
	if (at[length] != 0 || memchr(at, 0, length) != NULL)
		return false;
	*value = (const char *)at;
	return true;
}

static bool take_arena(struct plan_reader *r, size_t words, void *at)
{
	if ((size_t)(r->arena_end - r->arena) < words)
		return false;
	memcpy(at, &r->arena, sizeof(r->arena));
	r->arena += words;
	return true;
}

bool read_strs(struct plan_reader *r, struct plan_strs *value)
{
	if (!read_u32(r, &value->count) || !take_arena(r, (size_t)value->count + 1, &value->items))
		return false;
	for (uint32_t i = 0; i < value->count; i++) {
		const char *item;
		if (!read_str(r, &item))
			return false;
		value->items[i] = (char *)item;
	}
	value->items[value->count] = NULL;
	return true;
}

bool read_bytes(struct plan_reader *r, struct plan_bytes *value)
{
	uint8_t *at;
	if (!read_u32(r, &value->length) || !take(r, value->length, &at))
		return false;
	value->data = at;
	return true;
}

bool read_u32s(struct plan_reader *r, struct plan_u32s *value)
{
	uint8_t *at;
	void *copy;
	if (!read_u32(r, &value->count) || !take(r, (size_t)value->count * sizeof(uint32_t), &at))
		return false;
	if (!take_arena(r, ((size_t)value->count + 1) / 2, &copy))
		return false;
	memcpy(copy, at, (size_t)value->count * sizeof(uint32_t));
	value->items = copy;
	return true;
}

static int read_fully(int fd, uint8_t *into, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = read(fd, into + done, size - done);
		if (got > 0) {
			done += (size_t)got;
		} else if (got == 0) {
			errno = EPROTO;
			return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static void *map(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

static bool decode_frame(struct plan_reader *r, struct step *s)
{
	uint8_t *at;
	uint16_t zero;
	uint32_t length;
	if (!take(r, 4, &at))
		return false;
	memcpy(&s->op, at, 2);
	memcpy(&zero, at + 2, 2);
	if (zero != 0 || !read_u32(r, &length) || length > (size_t)(r->end - r->cursor))
		return false;
	struct plan_reader payload = { r->cursor, r->cursor + length, r->arena, r->arena_end };
	if (!decode_step(&payload, s) || payload.cursor != payload.end)
		return false;
	r->cursor = payload.end;
	r->arena = payload.arena;
	return true;
}

int plan_read(int fd, struct plan *plan)
{
	uint8_t header[PLAN_HEADER_SIZE];
	uint16_t version;
	uint32_t size;
	if (read_fully(fd, header, sizeof(header)) < 0)
		return -1;
	memcpy(&version, header + 4, 2);
	memcpy(&plan->count, header + 6, 2);
	memcpy(&size, header + 8, 4);
	errno = EPROTO;
	if (memcmp(header, PLAN_MAGIC, 4) != 0 || version != PLAN_VERSION)
		return -1;
	if (size > PLAN_MAX_SIZE || plan->count > PLAN_MAX_STEPS)
		return -1;

	/* a string costs at least 5 bytes of plan and 1 word of arena; a list at least 4 bytes and 1 word for its end */
	size_t words = size / 4 + plan->count + 1;
	uint8_t *buffer = map((size_t)size + 1);
	uint64_t *arena = map(words * sizeof(uint64_t));
	plan->steps = map(((size_t)plan->count + 1) * sizeof(struct step));
	if (buffer == NULL || arena == NULL || plan->steps == NULL)
		return -1;
	if (read_fully(fd, buffer, size) < 0)
		return -1;

	struct plan_reader r = { buffer, buffer + size, arena, arena + words };
	for (uint16_t i = 0; i < plan->count; i++) {
		if (!decode_frame(&r, &plan->steps[i])) {
			errno = EPROTO;
			return -1;
		}
	}
	if (r.cursor != r.end) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}
