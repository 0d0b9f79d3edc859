/* Wrong arguments of public functions: limner/api.h says how they are handled. */
#ifndef LIMNER_SRC_BASE_REQUIRE_H
#define LIMNER_SRC_BASE_REQUIRE_H

/* Logs one error line: `function` was called with arguments that it does not accept. */
void lim_refuse(const char *function, const char *required);

/* At the beginning of a public function: returns `answer` where the condition does not hold. */
#define REQUIRE(condition, answer)            \
    do {                                      \
        if (!(condition)) {                   \
            lim_refuse(__func__, #condition); \
            return answer;                    \
        }                                     \
    } while (0)

/* The same in a function that returns nothing. */
#define REQUIRE_OR_RETURN(condition)          \
    do {                                      \
        if (!(condition)) {                   \
            lim_refuse(__func__, #condition); \
            return;                           \
        }                                     \
    } while (0)

#endif
