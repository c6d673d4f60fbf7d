/*
 * How Chinese characters are read: pinyin without tones, in small letters; lü is written lv.
 *
 * For local search only. The readings come from ICU and may differ between its versions: they must never
 * get into data that is synced, into rules or into an index.
 */
#ifndef SATCHEL_SCHEMA_PINYIN_H
#define SATCHEL_SCHEMA_PINYIN_H

#include <stddef.h>
#include <stdint.h>

enum { PINYIN_READINGS = 3 };

/* Remembers what ICU said of a character (LIMIT_PINYIN_MEMORY bytes when all were asked). Not shared
 * between threads. */
struct pinyin;

struct pinyin *pinyin_open(void); /* NULL without memory */
void pinyin_close(struct pinyin *pinyin);

/* How many readings the character has, the usual one first: 0 when it is none of the unified ideographs (U+3400 to
 * U+9FFF) or nobody knows. The texts live as long as `pinyin`. */
size_t pinyin_readings(struct pinyin *pinyin, uint32_t point,
                       const char *ret[PINYIN_READINGS]);

#endif
