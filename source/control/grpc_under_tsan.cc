// For ThreadSanitizer: Debian's gRPC and the Abseil in it are built without it, so it does not see
// how they order their threads. What it says of their insides is left out; our own code is still
// watched.
#ifdef OUTRIGGER_TSAN
extern "C" const char* __tsan_default_suppressions();   // NOLINT: the sanitizer's name
extern "C" const char* __tsan_default_suppressions() {  // NOLINT
  return "called_from_lib:libgrpc\n"
         "called_from_lib:libgpr\n"
         "called_from_lib:libabsl\n"
         "race:synchronization_internal\n"
         "race:grpc_core\n"
         "race:^grpc::\n"
         "mutex:absl\n";
}
#endif
