// SPDX-License-Identifier: Apache-2.0
// The library that torch_soname.cpp embeds. It is empty: only its name, given to the linker, matters.
