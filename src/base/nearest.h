/* Finds the known word that a misspelled one most likely means. */
#ifndef LIMNER_SRC_BASE_NEAREST_H
#define LIMNER_SRC_BASE_NEAREST_H

#include <stddef.h>
#include <string.h>

/* Letters to insert, delete, replace, or swap with their neighbor (Levenshtein 1965, Damerau 1964),
 * to turn one word into the other. Option names are short. */
static inline int nearest_distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    int rows[3][LONGEST + 1], n = (int)strlen(a), m = (int)strlen(b);

    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);

            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

/* The one of the `count` known words that is nearest to `word`, or NULL where none is near. */
static inline const char *nearest_word(const char *word, const char *const *words, int count)
{
    const char *nearest = NULL;
    int best = (int)strlen(word) / 2 + 2;

    for (int i = 0; i < count; i++) {
        int d = nearest_distance(word, words[i]);

        /* A prefix of a known word is near, however short it is. */
        if (*word && strncmp(word, words[i], strlen(word)) == 0 && d > 1)
            d = 1;
        if (d < best) {
            best = d;
            nearest = words[i];
        }
    }
    return nearest;
}

#endif
