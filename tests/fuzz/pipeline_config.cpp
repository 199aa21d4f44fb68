// SPDX-License-Identifier: Apache-2.0
// Any bytes as a list of ops, and what is accepted on a small image: parameters within their limits never crash.
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include "support/fake_engine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  static const Registry registry = Registry::builtin();
  static const Runtime runtime = test::make_runtime(1, Execution::kCaller);
  static const Bytes labels(std::string("cat\ndog\n"));
  ConfigContext context;
  context.files = [](const std::string&) -> Result<Bytes> { return labels; };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // A list of large resizes would be correct, and take minutes.
  if (size > 2000 || text.find("0000") != std::string_view::npos) return 0;
  auto root = detail::parse_stages(text, nullptr, nullptr, registry, context);
  if (!root) return 0;
  auto pipeline = detail::PipelineCore::compile(*root, runtime);
  if (!pipeline) return 0;
  static_cast<void>((*pipeline)->explain());
  if (!detail::same_type(*(*root)->in, detail::type_of<Image>())) return 0;
  static_cast<void>((*pipeline)->run(detail::Value(Image::make(7, 5, Colour::kRgb).value()), {}));
  return 0;
}
