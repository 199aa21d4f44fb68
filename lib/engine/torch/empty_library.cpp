// SPDX-License-Identifier: Apache-2.0
// The whole of the library that torch_soname.cpp embeds: its name, given to the linker, is all that matters.
