// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <gantry/demangled_name.hpp>
#include <gantry/result.hpp>
#include <gantry/translate_exception.hpp>
#include <new>
#include <string>

#include "core/error_or_out_of_memory.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Error translate_exception() noexcept {
  try {
    throw;
  } catch (const ResultError& error) {
    return error.error();
  } catch (const std::bad_alloc&) {
    return Error::out_of_memory();
  } catch (const std::exception& error) {
    return error_or_out_of_memory([&] {
      return Error(ErrorCode::kInternal, std::string("threw ") + demangled_name(typeid(error)) + ": " + error.what());
    });
  } catch (...) {
    return error_or_out_of_memory(
        [] { return Error(ErrorCode::kInternal, "threw something that is not a std::exception"); });
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
