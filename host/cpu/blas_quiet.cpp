// SPDX-License-Identifier: Apache-2.0
// What the private copy of OpenBLAS calls where it would print or end the program: for wrong arguments, which it does not get, where its
// environment variables ask it to be verbose, and where it finds no kernel for the processor, which its generic ones rule out.
#include <cstddef>
#include <exception>

extern "C" {
extern void* glissade_blas_stderr;
int glissade_blas_puts(const char*);
int glissade_blas_printf_chk(int, const char*, ...);
int glissade_blas_printf(const char*, ...);
int glissade_blas_fprintf_chk(void*, int, const char*, ...);
int glissade_blas_fprintf(void*, const char*, ...);
void glissade_blas_perror(const char*);
int glissade_blas_fputs(const char*, void*);
std::size_t glissade_blas_fwrite(const void*, std::size_t, std::size_t, void*);
[[noreturn]] void glissade_blas_exit(int);

void* glissade_blas_stderr = nullptr;
int glissade_blas_puts(const char*) {
    return 0;
}
int glissade_blas_printf_chk(int, const char*, ...) {
    return 0;
}
int glissade_blas_printf(const char*, ...) {
    return 0;
}
int glissade_blas_fprintf_chk(void*, int, const char*, ...) {
    return 0;
}
int glissade_blas_fprintf(void*, const char*, ...) {
    return 0;
}
void glissade_blas_perror(const char*) {}
int glissade_blas_fputs(const char*, void*) {
    return 0;
}
std::size_t glissade_blas_fwrite(const void*, std::size_t, std::size_t count, void*) {
    return count;
}
void glissade_blas_exit(int) {
    std::terminate();
}
}
