// SPDX-License-Identifier: Apache-2.0
// Steps that contain other plans: each, fork, when.
#pragma once

#include <gantry/node.hpp>
#include <memory>
#include <vector>

#include "pipeline/plan.hpp"

namespace gantry::inline GANTRY_ABI::detail {

using PlanPtr = std::unique_ptr<const Plan>;

/// Flattens the lists of all slots, runs `inner` once, regroups. A failing element fails only its slot.
std::unique_ptr<Step> make_each_step(PlanPtr inner, const ListOps& in, const ListOps& out);
/// Runs every branch on copies of the values, one branch after the other, and joins the results.
/// `out` is a tuple type, or ValueTuple.
std::unique_ptr<Step> make_fork_step(std::vector<PlanPtr> branches, const TypeInfo& out);
/// Sends each slot through one of two plans.
std::unique_ptr<Step> make_when_step(ErasedPredicate predicate, PlanPtr then, PlanPtr otherwise);
/// Fails the slots that `check` rejects, and runs `inner` on the others.
std::unique_ptr<Step> make_checked_step(std::shared_ptr<const InputCheck> check, std::unique_ptr<Step> inner);

}  // namespace gantry::inline GANTRY_ABI::detail
