/* The table of all imports. */
#include "imports.h"

#include "imports_io.h"
#include "imports_kernels.h"
#include "imports_kv.h"
#include "imports_sensor.h"

/* The instance itself implements rom_size and rom_read. The native kernels come last. */
#define KERNELS 3
static const struct instance_import table[] = {
    {"time_now", "I()", import_time_now},
    {"time_utc", "I()", import_time_utc},
    {"random", "i()", import_random},
    {"log", "v(iii)", import_log},
    {"tap", "v(iiii)", import_tap},
    {"sensor_open", "i(ii)", import_sensor_open},
    {"sensor_rate", "i(i)", import_sensor_rate},
    {"sensor_frame_bytes", "i(i)", import_sensor_frame_bytes},
    {"sensor_available", "i(i)", import_sensor_available},
    {"sensor_read", "i(iii)", import_sensor_read},
    {"sensor_time", "I(i)", import_sensor_time},
    {"sensor_lost", "i(i)", import_sensor_lost},
    {"metric", "i(iiiii)", import_metric},
    {"publish", "i(iIiiii)", import_publish},
    {"event", "i(iiii)", import_event},
    {"subscribe", "i(ii)", import_subscribe},
    {"message_read", "i(ii)", import_message_read},
    {"config", "i(iii)", import_config},
    {"kv_get", "i(iiii)", import_kv_get},
    {"kv_set", "i(iiii)", import_kv_set},
    {"kv_delete", "i(ii)", import_kv_delete},
    {"nn_run", "i(iii)", import_nn_run},
    {"nn_real_fft", "i(iiii)", import_nn_real_fft},
    {"nn_filter_bank", "i(iiiiii)", import_nn_filter_bank},
};
#define TABLE (sizeof table / sizeof table[0])
/* A function that is added to the ABI is added here or to the instance. */
#define COUNT(name, signature) +1
_Static_assert(TABLE + 2 == ABI_IMPORTS(COUNT), "the table has every import of the ABI");

const struct instance_import *imports_table(void)
{
    return table;
}

uint32_t imports_count(bool accelerated)
{
    return (uint32_t)(accelerated ? TABLE : TABLE - KERNELS);
}
