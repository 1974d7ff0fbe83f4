// The numbers and names that both languages need, as one frozen object: TypeScript reads them from here
// and writes none of them again.
#pragma once

#include <napi.h>

namespace vamana::addon {

Napi::Object make_constants(Napi::Env env);

}  // namespace vamana::addon
