// What holds for every connection, told once: run over TCP and over pipes in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "runtime/net/conn.h"

namespace xebec::runtime::net::testing {

struct Ends {
  std::unique_ptr<Conn> a;
  std::unique_ptr<Conn> b;
};
using MakeEnds = std::function<Ends()>;

// Reads until `n` bytes or the end have come.
std::string ReadExactly(Conn& conn, size_t n);
// Sends back what comes until the end, then closes.
void Echo(Conn& conn);

void WhatIsWrittenArrives(const MakeEnds& make);
void ReadFailsAtItsDeadline(const MakeEnds& make);
void WriteFailsAtItsDeadline(const MakeEnds& make);
void APastDeadlineWakesAWaitingReader(const MakeEnds& make);
void ADeadlineMovedWhileWaitingCounts(const MakeEnds& make);
void AClearedDeadlineLetsReadsGoOn(const MakeEnds& make);
void CloseWakesReaderAndWriter(const MakeEnds& make);
void HalfCloseStillReads(const MakeEnds& make);
void ASlowReaderHoldsTheWriterBack(const MakeEnds& make);
void WritesToAClosedPeerFail(const MakeEnds& make);
void QuietTellsDataAndEnd(const MakeEnds& make);

}  // namespace xebec::runtime::net::testing
