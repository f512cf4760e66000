/* main.c: the golden check without the program around it: for cross compilers, emulators and boards.
 * Prints "FINGERPRINT N values" and exits 0, or names the first value that moved and exits 1. */
#include "../../cli/golden.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const int thread_count = argc > 1 ? atoi(argv[1]) : 1;
    golden_value got[GOLDEN_MOST];
    const char *fault = rn_arithmetic_fault();
    if (fault != NULL) {
        printf("arithmetic: %s\n", fault);
        return 1;
    }
    const size_t bytes = golden_memory_size(thread_count);
    void *memory = malloc(bytes);
    if (memory == NULL) {
        printf("%lu bytes of memory are not to be had\n", (unsigned long)bytes);
        return 1;
    }
    const int count = golden_compute(got, memory, bytes, thread_count);
    free(memory);
    if (count < 0) {
        printf("%s\n", rn_strerror(count));
        return 1;
    }
    for (int i = 0; i < count; i++)
        if (i >= golden_stored_count || strcmp(got[i].name, golden_stored[i].name) != 0 || got[i].hash != golden_stored[i].hash) {
            printf("'%s' moved: first value %a\n", got[i].name, got[i].first[0]);
            return 1;
        }
    const uint64_t fingerprint = golden_fingerprint(got, count);
    printf("%08lx%08lx %d values\n", (unsigned long)(fingerprint >> 32), (unsigned long)(fingerprint & 0xffffffff), count);
    return 0;
}
