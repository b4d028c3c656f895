// A small addon that is loaded before TensorFlow's binding: it sets the memory allocator, opens libtensorflow_framework, and
// silences TensorFlow's log. Afterwards it keeps the binding loaded, and gives back what loading the libraries has touched.
//
// glibc gives each thread an arena of its own, and what one has freed serves no other: what Node's thread leaves behind after
// tracing would stay beside what TensorFlow's threads ask for in the first step. With one arena it is used again. TensorFlow asks
// a thousand times a step for large pieces, so that waiting for each other costs nothing.
//
// TensorFlow's initialisers, which register thousands of operations and kernels, walk through a third of its 790 MB: read-only
// pages of the file that lie in memory from then on, though hardly one of them is needed again. release() lets go of them; a
// page that is needed comes back from the file.
//
// Node unloads the addons that only a thread has loaded when that thread is over, and with the binding would go TensorFlow's
// libraries, whose threads still run and which asked to be called when the process ends. keep() makes them stay.
//
// TensorFlow logs through Abseil, which lives in that library. Abseil heeds no environment variable before
// absl::InitializeLog() has run, and nothing in a Node process runs it: TF_CPP_MIN_LOG_LEVEL alone leaves lines on stderr, the
// first of them ("oneDNN custom operations are on") written by the library's own initialisers, before anybody can ask it not to.
// So stderr is caught while this one library is opened, what is not TensorFlow's is written on, and Abseil's thresholds are
// raised before the large library follows. What fails still reaches JavaScript as an exception, and a fatal line is still
// printed. TF_CPP_MIN_LOG_LEVEL=0 in the environment brings every line back.
//
// A session has one device of the processor, unless its options ask for more, and the binding gives none. cpus(n) lets every session
// that is made from then on have n: what is written for several cards can so be run where there are none. For that this addon has a
// TF_NewSessionOptions of its own, which the binding finds before TensorFlow's, for the addon is open to all (RTLD_GLOBAL).
#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <link.h>
#include <sys/mman.h>
#endif
#include <node_api.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string>

#ifndef FRAMEWORK_FILE
#error "FRAMEWORK_FILE is the file name of libtensorflow_framework beside this addon"
#endif

namespace {

constexpr int kFatal = 3;  // absl::LogSeverityAtLeast: 0 information, 1 warning, 2 error, 3 fatal.

int WantedSeverity() {
  const char* text = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  return text == nullptr || text[0] < '0' || text[0] > '3' ? kFatal : text[0] - '0';
}

// "I0000 00:00:1795575342.104814    8652 port.cc:153] …", and the one line that Abseil writes before the first of them.
bool IsLogLine(const std::string& line) {
  if (line.rfind("WARNING: All log messages before absl::InitializeLog()", 0) == 0) return true;
  if (line.size() < 6 || std::string("IWE").find(line[0]) == std::string::npos || line[5] != ' ') return false;
  for (int i = 1; i < 5; ++i) {
    if (!std::isdigit(static_cast<unsigned char>(line[i]))) return false;
  }
  return true;
}

// Holds back what is written to stderr while it lives; then lets through what is not a line of TensorFlow's log.
class CaughtStderr {
 public:
  CaughtStderr() : file_(std::tmpfile()), saved_(file_ == nullptr ? -1 : dup(STDERR_FILENO)) {
    std::fflush(stderr);
    if (saved_ >= 0) dup2(fileno(file_), STDERR_FILENO);
  }

  ~CaughtStderr() {
    std::fflush(stderr);
    if (saved_ >= 0) {
      dup2(saved_, STDERR_FILENO);
      close(saved_);
      Replay();
    }
    if (file_ != nullptr) std::fclose(file_);
  }

 private:
  void Replay() {
    std::rewind(file_);
    std::string line;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) {
      line.push_back(static_cast<char>(c));
      if (c == '\n') Pass(line);
    }
    Pass(line);
  }

  static void Pass(std::string& line) {
    if (!line.empty() && !IsLogLine(line)) std::fwrite(line.data(), 1, line.size(), stderr);
    line.clear();
  }

  std::FILE* file_;
  int saved_;
};

std::string Beside(const char* file) {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&Beside), &self) == 0) return file;
  const std::string path = self.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + file;
}

void* OpenFramework(int severity) {
  const std::string path = Beside(FRAMEWORK_FILE);
  // A second thread finds the library open already: its initialisers have run, so there is nothing to catch.
  if (void* open = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD)) return open;
  if (severity == 0) return dlopen(path.c_str(), RTLD_LAZY);
  const CaughtStderr caught;
  return dlopen(path.c_str(), RTLD_LAZY);
}

// Looked up by name: a library that keeps these to itself is loud, not unloadable.
void Raise(void* library, const char* mangled_name, int severity) {
  using SetThreshold = void (*)(int);
  auto set = reinterpret_cast<SetThreshold>(dlsym(library, mangled_name));
  if (set != nullptr) set(severity);
}

#ifdef __linux__
int ReleaseSegments(dl_phdr_info* library, size_t, void*) {
  if (std::string(library->dlpi_name).find("libtensorflow") == std::string::npos) return 0;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (library->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = (library->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}
#endif

napi_value Release(napi_env, napi_callback_info) {
#ifdef __linux__
  dl_iterate_phdr(ReleaseSegments, nullptr);
#endif
  return nullptr;
}

napi_value Keep(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value file;
  napi_get_cb_info(env, info, &count, &file, nullptr, nullptr);
  napi_get_value_string_utf8(env, file, nullptr, 0, &length);
  std::string path(length + 1, '\0');
  napi_get_value_string_utf8(env, file, &path[0], path.size(), &length);
  // The libraries that it was linked with stay with it.
  if (dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) == nullptr) napi_throw_error(env, nullptr, dlerror());
  return nullptr;
}

#ifdef __linux__
std::atomic<int> cpu_devices{0};

napi_value Cpus(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t devices = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_int32(env, argument, &devices);
  if (devices < 1 || devices > 64) napi_throw_range_error(env, nullptr, "1 to 64 devices");
  else cpu_devices = devices;
  return nullptr;
}
#endif

void Export(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) == napi_ok) {
    napi_set_named_property(env, exports, name, value);
  }
}

}  // namespace

#ifdef __linux__
// In place of the function of this name in tensorflow/c/c_api.h.
extern "C" NAPI_MODULE_EXPORT void* TF_NewSessionOptions() {
  void* library = dlopen(Beside("libtensorflow_cc.so.2").c_str(), RTLD_LAZY);
  auto make = reinterpret_cast<void* (*)()>(dlsym(library, "TF_NewSessionOptions"));
  void* options = make();
  const int devices = cpu_devices;
  if (devices > 1) {
    auto new_status = reinterpret_cast<void* (*)()>(dlsym(library, "TF_NewStatus"));
    auto delete_status = reinterpret_cast<void (*)(void*)>(dlsym(library, "TF_DeleteStatus"));
    auto set = reinterpret_cast<void (*)(void*, const void*, size_t, void*)>(dlsym(library, "TF_SetConfig"));
    // A ConfigProto: device_count { key: "CPU" value: devices }.
    const char config[] = {0x0a, 0x07, 0x0a, 0x03, 'C', 'P', 'U', 0x10, static_cast<char>(devices)};
    void* status = new_status();
    set(options, config, sizeof config, status);
    delete_status(status);
  }
  return options;
}
#endif

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
#ifdef M_ARENA_MAX
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) mallopt(M_ARENA_MAX, 1);
#endif
  const int severity = WantedSeverity();
  void* library = OpenFramework(severity);
  if (library == nullptr) {
    const char* reason = dlerror();
    napi_throw_error(env, nullptr, reason == nullptr ? "libtensorflow_framework cannot be opened" : reason);
    return exports;
  }
  Raise(library, "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE", severity);
  Raise(library, "_ZN4absl12lts_2025081418SetStderrThresholdENS0_18LogSeverityAtLeastE", severity);
  Export(env, exports, "release", Release);
  Export(env, exports, "keep", Keep);
#ifdef __linux__
  if (dlopen(Beside("preload.node").c_str(), RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL) != nullptr) Export(env, exports, "cpus", Cpus);
#endif
  return exports;
}
