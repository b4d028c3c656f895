// A small addon beside the runtime for cards: says which of NVIDIA's libraries TensorFlow opens and which versions they are, and
// which kernels are registered for cards. It needs no card, so that a machine without one can be told whether the libraries lie where
// TensorFlow looks, and whether a graph would run on a card.
//
// libtensorflow_framework opens them by name, by its own list of paths (RUNPATH). Its loader is a function that the library exports;
// it returns an absl::Status, whose one word is 1 where all is well.
#include <dlfcn.h>
#include <node_api.h>

#include <cstdint>
#include <string>

#ifndef FRAMEWORK_FILE
#error "FRAMEWORK_FILE is the file name of libtensorflow_framework beside this addon"
#endif

namespace {

struct Library {
  const char* name;
  const char* handle;  // The loader's function, whose name the compiler has written out.
};

// What a card needs: TensorFlow refuses it where one of these is not found.
const Library kLibraries[] = {
    {"libcudart.so.12", "_ZN3tsl8internal9DsoLoader23GetCudaRuntimeDsoHandleEv"},
    {"libcublas.so.12", "_ZN3tsl8internal9DsoLoader18GetCublasDsoHandleEv"},
    {"libcublasLt.so.12", "_ZN3tsl8internal9DsoLoader20GetCublasLtDsoHandleEv"},
    {"libcufft.so.11", "_ZN3tsl8internal9DsoLoader17GetCufftDsoHandleEv"},
    {"libcusolver.so.11", "_ZN3tsl8internal9DsoLoader20GetCusolverDsoHandleEv"},
    {"libcusparse.so.12", "_ZN3tsl8internal9DsoLoader20GetCusparseDsoHandleEv"},
    {"libcudnn.so.9", "_ZN3tsl8internal9DsoLoader17GetCudnnDsoHandleEv"},
};

// absl::StatusOr<void*> is larger than two registers: the caller passes the place for it.
bool Opens(void* framework, const char* handle) {
  using Get = void (*)(void*);
  auto get = reinterpret_cast<Get>(dlsym(framework, handle));
  if (get == nullptr) return false;
  std::uint64_t status[4] = {0, 0, 0, 0};
  get(status);
  return status[0] == 1;
}

// Major × 1000 + minor × 10 for CUDA's own, as they write it; cuDNN's is major × 10000 + minor × 100 + patch.
std::int64_t VersionOf(void* library, const std::string& name) {
  if (name.rfind("libcudart", 0) == 0) {
    auto get = reinterpret_cast<int (*)(int*)>(dlsym(library, "cudaRuntimeGetVersion"));
    int version = 0;
    return get != nullptr && get(&version) == 0 ? version : 0;
  }
  if (name == "libcudnn.so.9") {
    auto get = reinterpret_cast<std::size_t (*)()>(dlsym(library, "cudnnGetVersion"));
    return get == nullptr ? 0 : static_cast<std::int64_t>(get());
  }
  return 0;
}

void Set(napi_env env, napi_value object, const char* name, napi_value value) { napi_set_named_property(env, object, name, value); }

std::string Beside(const char* file) {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&Beside), &self) == 0) return file;
  const std::string path = self.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + file;
}

napi_value Libraries(napi_env env, napi_callback_info) {
  void* framework = dlopen(Beside(FRAMEWORK_FILE).c_str(), RTLD_LAZY);
  napi_value list;
  napi_create_array(env, &list);
  std::uint32_t at = 0;
  for (const Library& library : kLibraries) {
    const bool found = framework != nullptr && Opens(framework, library.handle);
    void* open = found ? dlopen(library.name, RTLD_LAZY | RTLD_NOLOAD) : nullptr;
    napi_value entry, name, opened, version;
    napi_create_object(env, &entry);
    napi_create_string_utf8(env, library.name, NAPI_AUTO_LENGTH, &name);
    napi_get_boolean(env, found, &opened);
    napi_create_int64(env, open == nullptr ? 0 : VersionOf(open, library.name), &version);
    Set(env, entry, "name", name);
    Set(env, entry, "found", opened);
    Set(env, entry, "version", version);
    napi_set_element(env, list, at++, entry);
  }
  return list;
}

// As tensorflow/c/c_api.h has it.
struct TF_Buffer {
  const void* data;
  std::size_t length;
  void (*data_deallocator)(void* data, std::size_t length);
};

napi_value BytesOf(napi_env env, const TF_Buffer* buffer) {
  napi_value bytes = nullptr;
  if (buffer != nullptr) napi_create_buffer_copy(env, buffer->length, buffer->data, nullptr, &bytes);
  return bytes;
}

// Every operation (a tensorflow.OpList) and every kernel (a tensorflow.KernelList) of the library, as protocol buffers.
napi_value Definitions(napi_env env, napi_callback_info) {
  dlopen(Beside(FRAMEWORK_FILE).c_str(), RTLD_LAZY | RTLD_GLOBAL);
  void* library = dlopen(Beside("libtensorflow_cc.so.2").c_str(), RTLD_LAZY);
  napi_value result;
  napi_create_object(env, &result);
  if (library == nullptr) return result;
  auto ops = reinterpret_cast<TF_Buffer* (*)()>(dlsym(library, "TF_GetAllOpList"));
  auto kernels = reinterpret_cast<TF_Buffer* (*)(void*)>(dlsym(library, "TF_GetAllRegisteredKernels"));
  auto status = reinterpret_cast<void* (*)()>(dlsym(library, "TF_NewStatus"));
  if (ops == nullptr || kernels == nullptr || status == nullptr) return result;
  Set(env, result, "ops", BytesOf(env, ops()));
  Set(env, result, "kernels", BytesOf(env, kernels(status())));
  return result;
}

void Export(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) == napi_ok) Set(env, exports, name, value);
}

}  // namespace

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  Export(env, exports, "libraries", Libraries);
  Export(env, exports, "definitions", Definitions);
  return exports;
}
