/* cmocka, with the headers that it forgets to include. */
#ifndef LIMNER_TESTS_CHECK_H
#define LIMNER_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
