/* golden_values.c: what the golden values must be. Written by `realnet selftest --print`; changed only in a commit of its own
 * that says why. */
#include "golden.h"

const golden_value golden_stored[] = {
    { "none yet", 0, { 0 } },
};
const int golden_stored_count = sizeof golden_stored / sizeof *golden_stored;
