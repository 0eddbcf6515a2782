/* console EVENT SECONDS COMMAND LINE: starts the command, and after that time delivers a console event to it the way the
   system does: by a thread that begins in CtrlRoutine. (Wine 8 delivers Ctrl-C alone: GenerateConsoleCtrlEvent fails, and
   a closed window ends processes without asking.) EVENT: 0 Ctrl-C, 1 Ctrl-Break, 2 closed window, 5 logoff, 6 shutdown.
   Five seconds after one of the last three the command is ended, as Windows does. Ends with the command's exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
int main(int argc, char **argv) {
    char line[8192] = "";
    for (int i = 3; i < argc; i++) { strcat(line, argv[i]); strcat(line, " "); }
    int event = atoi(argv[1]);
    STARTUPINFOA start = { sizeof start };
    PROCESS_INFORMATION child;
    DWORD code = 99;
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) return 97;
    Sleep((DWORD)(1000 * atof(argv[2])));
    void *routine = (void *)GetProcAddress(GetModuleHandleA("kernelbase"), "CtrlRoutine");
    if (!routine || !CreateRemoteThread(child.hProcess, NULL, 0, routine, (void *)(size_t)event, 0, NULL)) {
        printf("event: error %lu\n", GetLastError());
        return 96;
    }
    if (WaitForSingleObject(child.hProcess, event >= 2 ? 5000 : 20000) == WAIT_TIMEOUT) {
        puts("ended by force");
        TerminateProcess(child.hProcess, 95);
        WaitForSingleObject(child.hProcess, INFINITE);
    }
    GetExitCodeProcess(child.hProcess, &code);
    return code;
}
