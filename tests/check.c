/* check.c: see check.h. */
#include "check.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

int checks_passed, checks_failed, checks_skipped;
static const char *current = "";

int check(int ok, const char *format, ...)
{
    if (ok) {
        checks_passed++;
        return ok;
    }
    va_list list;
    va_start(list, format);
    printf("FAILED: %s: ", current);
    vprintf(format, list);
    printf("\n");
    va_end(list);
    checks_failed++;
    return ok;
}

void section(const char *name)
{
    current = name;
    printf("%s\n", name);
}

void skip(const char *what, const char *why)
{
    printf("skipped: %s: %s\n", what, why);
    checks_skipped++;
}

double relative_l2(const float *got, const double *want, size_t n)
{
    double difference = 0.0, size = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)got[i] - want[i];
        difference += d * d;
        size += want[i] * want[i];
    }
    return size > 0.0 ? sqrt(difference / size) : sqrt(difference);
}
