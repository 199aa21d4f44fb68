// SPDX-License-Identifier: Apache-2.0
// The traceparent header, by the letter of W3C Trace Context.
#include <gtest/gtest.h>
#include <gantry/trace_parent.hpp>

#include <string>

namespace gantry::inline GANTRY_ABI {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kExample = "00-" + kTrace + "-" + kParent + "-01";

TEST(TraceParent, IsReadAndWritten) {
  const auto parent = parse_trace_parent(kExample);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id[0], 0x4b);
  EXPECT_EQ(parent->trace_id[15], 0x36);
  EXPECT_EQ(parent->parent_id[1], 0xf0);
  EXPECT_EQ(parent->parent_id[7], 0xb7);
  EXPECT_TRUE(parent->is_sampled());
  EXPECT_EQ(to_string(*parent), kExample);
}

TEST(TraceParent, KeepsTheFlagsOfVersion00) {
  EXPECT_EQ(parse_trace_parent("00-" + kTrace + "-" + kParent + "-00")->flags, 0);
  EXPECT_EQ(parse_trace_parent("00-" + kTrace + "-" + kParent + "-ff")->flags, 0xff);
  EXPECT_FALSE(parse_trace_parent("00-" + kTrace + "-" + kParent + "-02")->is_sampled());
}

TEST(TraceParent, OfALaterVersionIsReadAsFarAsItAgrees) {
  for (const std::string& text :
       {"01-" + kTrace + "-" + kParent + "-03", "01-" + kTrace + "-" + kParent + "-03-what-the-future-will-be-like",
        "fe-" + kTrace + "-" + kParent + "-03-"}) {
    const auto parent = parse_trace_parent(text);
    ASSERT_TRUE(parent) << text;
    EXPECT_EQ(to_string(*parent), kExample) << text;  // the sampled bit is the only flag that is known
  }
}

TEST(TraceParent, ThatIsNotValidIsNone) {
  const std::string zeros(32, '0');
  for (const std::string& text : {
           std::string(),
           std::string("00"),
           "ff-" + kTrace + "-" + kParent + "-01",                    // forbidden
           "FE-" + kTrace + "-" + kParent + "-01",                    // upper case
           "0-" + kTrace + "-" + kParent + "-01",                     // too short
           "000-" + kTrace + "-" + kParent + "-1",                    //
           "0x-" + kTrace + "-" + kParent + "-01",                    //
           "00-" + zeros + "-" + kParent + "-01",                     //
           "00-" + kTrace + "-" + zeros.substr(16) + "-01",           //
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01",  //
           "00-" + kTrace + "-00F067AA0BA902B7-01",                   //
           "00-" + kTrace + "-" + kParent + "-0A",                    //
           "00-" + kTrace + "-" + kParent + "-0g",                    //
           "00-" + kTrace + "-" + kParent + "-0",                     //
           "00-" + kTrace + "-" + kParent + "-01-",                   // longer than version 00 is
           "00-" + kTrace + "-" + kParent + "-01 ",                   //
           "01-" + kTrace + "-" + kParent + "-012",                   // no dash behind the flags
           "01-" + zeros + "-" + kParent + "-01-more",                //
           "00_" + kTrace + "-" + kParent + "-01",                    //
           "00-" + kTrace + "_" + kParent + "-01",                    //
           "00-" + kTrace + "-" + kParent + "_01",                    //
           "00-" + kTrace.substr(1) + "-" + kParent + "-001",         //
           " " + kExample,                                            //
           "00-" + kTrace.substr(1) + std::string(1, '\0') + "-" + kParent + "-01",
           "00-" + kTrace.substr(2) + "\xc3\xa9-" + kParent + "-01",
       })
    EXPECT_FALSE(parse_trace_parent(text)) << text;
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
