/* hold FILE SECONDS: has FILE open as Excel does, so that others may read it and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
int main(int argc, char **argv) {
    HANDLE file = CreateFileA(argv[1], GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) { printf("error %lu\n", GetLastError()); return 1; }
    puts("open"); fflush(stdout);
    Sleep(1000 * atoi(argv[2]));
    return 0;
}
