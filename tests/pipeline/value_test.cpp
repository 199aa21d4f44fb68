// SPDX-License-Identifier: Apache-2.0
// Value: one payload of any type, inline or on the heap, taken apart and put together, and destroyed exactly once.
#include <gtest/gtest.h>
#include <gantry/value.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Counts how many of its kind live.
template <std::size_t Size>
class Counted {
 public:
  Counted() { ++alive; }
  Counted(const Counted& other) : bytes_(other.bytes_) { ++alive; }
  Counted(Counted&& other) noexcept : bytes_(other.bytes_) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
  static inline int alive = 0;

 private:
  std::array<char, Size> bytes_{};
};
using Small = Counted<8>;
using Large = Counted<200>;

struct MoveOnly {
  explicit MoveOnly(int n) : number(std::make_unique<int>(n)) {}
  std::unique_ptr<int> number;
};

struct alignas(64) Aligned {
  int number = 0;
};

TEST(Value, HoldsSmallTypesInlineAndLargeOnesOnTheHeap) {
  EXPECT_TRUE(type_of<Small>().fits_inline);
  EXPECT_FALSE(type_of<Large>().fits_inline);
  EXPECT_TRUE(type_of<Tensor>().fits_inline);
  Value value(7);
  const auto* begin = reinterpret_cast<const char*>(&value);
  const auto* payload = static_cast<const char*>(value.data());
  EXPECT_TRUE(payload >= begin && payload < begin + sizeof value);
}

template <class T>
void expect_each_payload_is_destroyed_once() {
  {
    Value value{T()};
    EXPECT_EQ(T::alive, 1);
    Value moved(std::move(value));
    EXPECT_FALSE(value.has_value());  // NOLINT(bugprone-use-after-move): moved-from is empty, and says so
    EXPECT_TRUE(moved.has_value());
    EXPECT_EQ(T::alive, 1);
    const Value copy = moved.copy();
    EXPECT_EQ(T::alive, 2);
    value = std::move(moved);
    EXPECT_EQ(T::alive, 2);
    value = Value(3);
    EXPECT_EQ(T::alive, 1);
    value.reset();
    value.reset();
  }
  EXPECT_EQ(T::alive, 0);
}

TEST(Value, DestroysEachInlinePayloadOnce) {
  expect_each_payload_is_destroyed_once<Small>();
}
TEST(Value, DestroysEachHeapPayloadOnce) {
  expect_each_payload_is_destroyed_once<Large>();
}

TEST(Value, KeepsTheAlignmentOfOverAlignedTypes) {
  const Value value{Aligned{5}};
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(value.data()) % 64, 0u);
  EXPECT_EQ(value.get<Aligned>().number, 5);
}

TEST(Value, CopiesOnlyWhatIsCopyable) {
  const Value text{std::string("a text that is longer than any small string buffer is")};
  EXPECT_EQ(text.copy().get<std::string>(), text.get<std::string>());
  EXPECT_FALSE(Value(MoveOnly(1)).copy().has_value());
  EXPECT_EQ(type_of<std::vector<MoveOnly>>().copy, nullptr);
  EXPECT_EQ((type_of<std::tuple<int, MoveOnly>>().copy), nullptr);
  EXPECT_NE((type_of<std::tuple<int, std::string>>().copy), nullptr);
}

TEST(TypeInfo, IsEqualForEqualTypesOnly) {
  EXPECT_TRUE(same_type(type_of<int>(), type_of<int>()));
  EXPECT_FALSE(same_type(type_of<int>(), type_of<unsigned>()));
  // Another library has its own TypeInfo for the same type.
  const TypeInfo elsewhere = type_of<int>();
  EXPECT_TRUE(same_type(elsewhere, type_of<int>()));
  TypeInfo other_layout = type_of<int>();
  other_layout.size = 8;
  EXPECT_FALSE(same_type(other_layout, type_of<int>()));
}

TEST(TypeInfo, NamesTypesAsMessagesDo) {
  EXPECT_EQ(type_of<Tensor>().name(), "Tensor");
  EXPECT_EQ(type_of<std::vector<Tensor>>().name(), "list<Tensor>");
  EXPECT_EQ((type_of<std::tuple<Tensor, std::vector<int>>>().name()), "tuple<Tensor, list<int>>");
  // Without the inline namespace, wherever it stands.
  EXPECT_EQ(type_of<std::shared_ptr<Tensor>>().name(), "std::shared_ptr<gantry::Tensor>");
  EXPECT_EQ((type_of<std::pair<Tensor, Shape>>().name()), "std::pair<gantry::Tensor, gantry::Shape>");
}

TEST(TypeInfo, ListsAreTakenApartAndPutTogether) {
  const TypeInfo& type = type_of<std::vector<MoveOnly>>();
  std::vector<MoveOnly> list;
  for (int i = 0; i < 3; ++i) list.emplace_back(i);
  Value boxed(std::move(list));
  ASSERT_EQ(type.list->size(boxed.data()), 3u);
  EXPECT_TRUE(same_type(type.list->element(), type_of<MoveOnly>()));
  EXPECT_EQ(*static_cast<const MoveOnly*>(type.list->at(boxed.data(), 2))->number, 2);
  std::vector<Value> items(3);
  type.list->explode(boxed.data(), items.data());
  EXPECT_EQ(*items[2].get<MoveOnly>().number, 2);
  Value again = type.list->collect(items.data(), 3);
  EXPECT_EQ(*again.get<std::vector<MoveOnly>>()[1].number, 1);
}

TEST(TypeInfo, ListsOfBoolWorkThoughTheirElementsAreProxies) {
  const TypeInfo& type = type_of<std::vector<bool>>();
  Value boxed(std::vector<bool>{true, false});
  EXPECT_TRUE(*static_cast<const bool*>(type.list->at(boxed.data(), 0)));
  EXPECT_FALSE(*static_cast<const bool*>(type.list->at(boxed.data(), 1)));
  std::vector<Value> items(2);
  type.list->explode(boxed.data(), items.data());
  EXPECT_TRUE(items[0].get<bool>());
  EXPECT_EQ(type.list->collect(items.data(), 2).get<std::vector<bool>>(), (std::vector<bool>{true, false}));
}

TEST(TypeInfo, ListsNestTwoDeep) {
  ASSERT_NE(type_of<int>().list_of, nullptr);
  const TypeInfo& list = type_of<int>().list_of();
  EXPECT_TRUE(same_type(list, type_of<std::vector<int>>()));
  ASSERT_NE(list.list_of, nullptr);
  EXPECT_EQ(list.list_of().list_of, nullptr);
}

TEST(TypeInfo, TuplesArePutTogetherAndLookedInto) {
  using Pair = std::tuple<int, MoveOnly>;
  const TypeInfo& type = type_of<Pair>();
  ASSERT_EQ(type.tuple->arity, 2u);
  EXPECT_TRUE(same_type(type.tuple->element(1), type_of<MoveOnly>()));
  Value items[] = {Value(4), Value(MoveOnly(5))};
  Value pair = type.tuple->collect(items);
  EXPECT_EQ(std::get<0>(pair.get<Pair>()), 4);
  EXPECT_EQ(*std::get<1>(pair.get<Pair>()).number, 5);
  EXPECT_EQ(*static_cast<const int*>(type.tuple->at(pair.data(), 0)), 4);
  EXPECT_EQ(*static_cast<const MoveOnly*>(type.tuple->at(pair.data(), 1))->number, 5);
}

Tensor block_of(std::int64_t rows) {
  return Tensor::zeros(DType::kF32, {rows, 64}).value();  // 256 bytes a row
}

template <class T>
void compact(T& payload) {
  Memory<T>::settle(payload, MemoryCare::kCompact);
}

TEST(Compact, CopiesAViewOfABlockMoreThanFourTimesItsSize) {
  const Tensor block = block_of(5);
  Tensor view = block.select(0, 2).value();
  compact(view);
  EXPECT_FALSE(view.shares_storage_with(block));
  EXPECT_EQ(view.storage_bytes(), view.size_bytes());
}

TEST(Compact, KeepsAViewOfABlockUpToFourTimesItsSize) {
  const Tensor block = block_of(4);
  Tensor view = block.select(0, 2).value();
  compact(view);
  EXPECT_TRUE(view.shares_storage_with(block));
}

TEST(Compact, KeepsViewsOfOneAllocationUnit) {
  const Tensor block = Tensor::zeros(DType::kU8, {64}).value();
  Tensor view = block.slice(0, 0, 1).value();
  compact(view);
  EXPECT_TRUE(view.shares_storage_with(block));
}

TEST(Compact, LooksIntoListsTuplesAndTensors) {
  const Tensor block = block_of(5);
  const Tensor view = block.select(0, 2).value();
  std::tuple<int, std::vector<Tensor>, Tensors> payload(1, {view}, Tensors{{"x", view}});
  compact(payload);
  EXPECT_FALSE(std::get<1>(payload)[0].shares_storage_with(block));
  EXPECT_FALSE(std::get<2>(payload)[0].tensor.shares_storage_with(block));
  EXPECT_EQ(type_of<int>().settle, nullptr);
  EXPECT_EQ((type_of<std::tuple<int, std::string>>().settle), nullptr);
  EXPECT_NE((type_of<std::vector<std::tuple<int, Tensor>>>().settle), nullptr);
}

TEST(Compact, LooksIntoValueTuples) {
  const Tensor block = block_of(5);
  std::vector<Value> items;
  items.emplace_back(block.select(0, 2).value());
  items.emplace_back(1);
  ValueTuple payload(std::move(items));
  compact(payload);
  EXPECT_FALSE(payload.items[0].get<Tensor>().shares_storage_with(block));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
