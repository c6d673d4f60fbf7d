"""libsatchel in this process: a station asked thousands of times without starting a program for each."""

import ctypes
import json
import pathlib

from support import BIN, Failure

PATH = BIN.parent / "lib" / "libsatchel.so"


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_char * 64), ("field", ctypes.c_char * 64), ("message", ctypes.c_char * 512)]


class Options(ctypes.Structure):
    _fields_ = [("home", ctypes.c_char_p), ("env", ctypes.c_void_p)]


class Station:
    """An open station; `ask` and `do` return (result, None) or (None, (code, field, message))."""

    def __init__(self, home):
        self.library = ctypes.CDLL(str(PATH))
        self.library.satchel_free.argtypes = [ctypes.c_void_p]
        self.library.satchel_close.argtypes = [ctypes.c_void_p]
        self.handle = ctypes.c_void_p()
        self.sessions = {}
        options = Options(str(pathlib.Path(home)).encode(), None)
        self._must(self.library.satchel_open, ctypes.byref(options), ctypes.byref(self.handle))

    def close(self):
        self.library.satchel_close(self.handle)

    def _must(self, function, *arguments):
        error = Error()
        if function(*arguments, ctypes.byref(error)) != 0:
            raise Failure([function.__name__], 1, "", f"{error.code.decode()}: {error.message.decode()}")

    def _json(self, function, *arguments):
        error, result = Error(), ctypes.c_void_p()
        if function(*arguments, ctypes.byref(result), ctypes.byref(error)) != 0:
            return None, (error.code.decode(), error.field.decode(), error.message.decode())
        text = ctypes.string_at(result).decode()
        self.library.satchel_free(result)
        return text, None

    def session(self, user):
        if user not in self.sessions:
            session = ctypes.c_void_p()
            name = user.encode() if user else None
            self._must(self.library.satchel_sign_in, self.handle, name, None, ctypes.byref(session))
            self.sessions[user] = session
        return self.sessions[user]

    def ask(self, user, query, values):
        return self._json(self.library.satchel_ask, self.session(user), query.encode(), json.dumps(values).encode())

    def do(self, user, command, values):
        return self._json(self.library.satchel_do, self.session(user), command.encode(), json.dumps(values).encode())

    def look(self, user, what):
        """inbox or marks, as their function gives them."""
        return self._json(getattr(self.library, f"satchel_{what}"), self.session(user))

    def story(self, user, limit=10000):
        return self._json(self.library.satchel_story, self.session(user), ctypes.c_int64(limit))

    def describe(self):
        return json.loads(self._json(self.library.satchel_describe, self.handle)[0])
