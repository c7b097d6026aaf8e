/* The same bytes to many sockets by one call out of JavaScript: a call for each of them costs as much again as its `write` does outside of the kernel. */
#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

struct view {
  void *data;
  size_t length;
};

/* Whether it is a typed array of this type. */
static bool view_of(napi_env env, napi_value value, napi_typedarray_type wanted, struct view *view) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &type, &view->length, &view->data, NULL, NULL) == napi_ok && type == wanted;
}

/* What the kernel takes at once; 0 where it takes nothing now, or never will. Node has SIGPIPE ignored, and its sockets never block. */
static int32_t taken_by(int fd, const struct view *bytes) {
  ssize_t taken;
  if (fd < 0) return 0;
  do {
    taken = write(fd, bytes->data, bytes->length);
  } while (taken < 0 && errno == EINTR);
  return taken < 0 ? 0 : (int32_t)taken;
}

/* writeEach(fds: Int32Array, bytes: Uint8Array, taken: Int32Array): into `taken` goes how many bytes each of them has taken. */
static napi_value write_each(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  struct view fds, bytes, taken;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 3 ||
      !view_of(env, arguments[0], napi_int32_array, &fds) || !view_of(env, arguments[1], napi_uint8_array, &bytes) ||
      !view_of(env, arguments[2], napi_int32_array, &taken) || taken.length < fds.length || bytes.length > INT32_MAX) {
    napi_throw_type_error(env, NULL, "writeEach takes an Int32Array, a Uint8Array and an Int32Array as long as the first");
    return NULL;
  }
  for (size_t index = 0; index < fds.length; index++)
    ((int32_t *)taken.data)[index] = taken_by(((const int32_t *)fds.data)[index], &bytes);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "writeEach", NAPI_AUTO_LENGTH, write_each, NULL, &function) == napi_ok)
    napi_set_named_property(env, exports, "writeEach", function);
  return exports;
}
