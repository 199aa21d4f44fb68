// SPDX-License-Identifier: Apache-2.0
// A library with an operator: gantry_test::triple.
#include <ATen/core/Tensor.h>
#include <ATen/ops/mul.h>
#include <torch/library.h>

TORCH_LIBRARY(gantry_test, library) {
  library.def("triple(Tensor x) -> Tensor", [](const at::Tensor& x) { return at::mul(x, 3); });
}
