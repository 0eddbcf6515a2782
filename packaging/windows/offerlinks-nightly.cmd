@echo off
rem Exports the tracking links of C:\offerlinks\offers.csv to C:\offerlinks\links.csv. Started by offerlinks-task.xml.
rem Task Scheduler starts a task again only when it could not be started, not when it ends with an exit code. So this
rem file waits for an outage (exit code 5) and goes on, every five minutes for at most twelve hours.
setlocal
cd /d "%~dp0"

rem --- your settings ---------------------------------------------------------------------------------------------
rem The NAME in https://NAME.api.offerslook.com, and the e-mail of your account. The API key is the only line of the
rem file api-key.txt in this folder; only the user that runs the task should be able to read that file.
if not defined OFFERSLOOK_NETWORK set OFFERSLOOK_NETWORK=demo
if not defined OFFERSLOOK_EMAIL set OFFERSLOOK_EMAIL=me@example.com
if not defined OFFERSLOOK_API_KEY_FILE set OFFERSLOOK_API_KEY_FILE=%~dp0api-key.txt
rem ---------------------------------------------------------------------------------------------------------------

set tries=0
:again
offerlinks.exe export offers.csv -o links.csv --excel -q %* 2>>offerlinks.log
set code=%errorlevel%
if not %code%==5 exit /b %code%
set /a tries+=1
if %tries% geq 144 exit /b %code%
rem ping waits where timeout cannot: a task has no console.
if not defined OFFERLINKS_PAUSE set OFFERLINKS_PAUSE=300
ping -n %OFFERLINKS_PAUSE% 127.0.0.1 >nul
goto again
