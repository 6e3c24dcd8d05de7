// The gRPC C++ library as a server of examples/transcoding/library.proto: library_server [PORT].
// It prints "listening PORT" once it is ready, and ends with SIGTERM.

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/grpcpp.h>

#include "examples/transcoding/library.grpc.pb.h"

namespace outrigger::test {
namespace {

using examples::library::Book;
using examples::library::BookName;
using examples::library::CreateBookRequest;
using examples::library::ListBooksRequest;
using examples::library::Summary;
using google::protobuf::Empty;
using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

class LibraryService final : public examples::library::Library::Service {
  Status CreateBook(ServerContext*, const CreateBookRequest* ask, Book* answer) override {
    *answer = ask->book();
    const std::lock_guard lock(mutex_);
    Add(ask->parent(), *answer);
    return Status::OK;
  }

  Status GetBook(ServerContext* context, const BookName* ask, Book* answer) override {
    context->AddTrailingMetadata("x-cost", "1");
    const std::lock_guard lock(mutex_);
    const auto book = books_.find(ask->name());
    if (book == books_.end()) return NotFound(ask->name());
    *answer = book->second;
    return Status::OK;
  }

  Status DeleteBook(ServerContext*, const BookName* ask, Empty*) override {
    const std::lock_guard lock(mutex_);
    return books_.erase(ask->name()) > 0 ? Status::OK : NotFound(ask->name());
  }

  Status ListBooks(ServerContext*, const ListBooksRequest* ask,
                   grpc::ServerWriter<Book>* writer) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, book] : books_) {
      if (name.starts_with(ask->parent() + "/") && book.pages() >= ask->least_pages()) {
        writer->Write(book);
      }
    }
    if (ask->fails_with() == 0) return Status::OK;
    return Status(static_cast<StatusCode>(ask->fails_with()), "as asked for");
  }

  Status ImportBooks(ServerContext*, grpc::ServerReader<CreateBookRequest>* reader,
                     Summary* answer) override {
    CreateBookRequest ask;
    std::string parent;
    while (reader->Read(&ask)) {
      if (!ask.parent().empty()) parent = ask.parent();  // the first message has it
      const std::lock_guard lock(mutex_);
      Add(parent, *ask.mutable_book());
      answer->set_books(answer->books() + 1);
      answer->set_pages(answer->pages() + ask.book().pages());
    }
    return Status::OK;
  }

  Status Review(ServerContext*, grpc::ServerReaderWriter<Book, Book>* stream) override {
    Book book;
    while (stream->Read(&book)) {
      book.set_title(book.title() + ", reviewed");
      stream->Write(book);
    }
    return Status::OK;
  }

  Status GetText(ServerContext*, const BookName* ask, google::api::HttpBody* answer) override {
    answer->set_content_type("text/plain; charset=utf-8");
    answer->set_data("The text of " + ask->name() + "\n");
    return Status::OK;
  }

  static Status NotFound(const std::string& name) {
    return Status(StatusCode::NOT_FOUND, "no book \"" + name + "\"");
  }
  void Add(const std::string& parent, Book& book) {
    book.set_name(parent + "/books/" + std::to_string(++last_));
    books_[book.name()] = book;
  }

  std::mutex mutex_;
  int last_ = 0;
  std::map<std::string, Book> books_;
};

int Serve(const std::string& wanted_port) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // before gRPC starts its threads: they inherit it

  LibraryService service;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:" + wanted_port, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "library_server: cannot listen on 127.0.0.1\n");
    return 1;
  }
  std::printf("listening %d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  server->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
  return 0;
}

}  // namespace
}  // namespace outrigger::test

int main(int argc, char** argv) { return outrigger::test::Serve(argc > 1 ? argv[1] : "0"); }
