# SPDX-License-Identifier: Apache-2.0
"""Text files that must not be taken in silence, and some that look odd and are fine: name -> Case, the same every time."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    content: bytes
    place: str | None  # "line L, column C" that our error must name; None: we take the file ...
    message: str = ""  # a part of the error
    same_as: bytes | None = None  # ... and it means the same as this one
    suffix: str = ".csv"
    options: tuple = ("--target", "y")


def table(cell=None, row=0, column=0, delimiter=","):
    """Columns a, b, c of numbers and classes y, eight rows, one cell replaced."""
    lines = [["a", "b", "c", "y"]] + [[str(10 * r + c + (0.5 if c == 1 else 0)) for c in range(3)] + [str(r % 2)] for r in range(8)]
    if cell is not None:
        lines[row + 1][column] = cell
    return "".join(delimiter.join(line) + "\n" for line in lines).encode()


BAD_CELLS = {
    "nan": "nan", "NaN": "NaN", "minus_nan": "-nan", "inf": "inf", "minus_Inf": "-Inf", "infinity": "infinity", "1e400": "1e400", "minus_1e999": "-1e999",
    "hex": "0x10", "hex_float": "0x1p3", "underscore": "1_000", "NA": "NA", "null": "null", "None": "None", "word": "abc", "nanx": "nanx", "bare_exponent": "1e",
    "two_points": "1.2.3", "two_signs": "+-1", "suffix_f": "1f", "question_mark": "?", "dash": "-", "two_dashes": "--4", "digits_and_letters": "12abc",
    "two_exponents": "1e5e5", "infinity_sign": "\u221e", "full_width_digit": "\uff11", "arabic_digit": "\u0663", "spreadsheet_error": "#REF!",
    "currency": "$5", "percent": "5%", "fraction": "1/2", "true": "TRUE", "minus_sign_U+2212": "\u22125", "no_break_space": "5\u00a0", "point_alone": ".",
    "windows_nan": "1.#QNAN", "python_complex": "1+2j", "roman": "IV", "date": "2024-01-02", "apostrophe": "1'000", "exponent_d": "1d5",
}
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "blanks": " "}


def bad_cells():
    cases = {}
    for i, (cell_name, cell) in enumerate(BAD_CELLS.items()):
        for j, (delimiter_name, delimiter) in enumerate(DELIMITERS.items()):
            row, column = (3 * i + j) % 8, (i + j) % 3
            content = table(cell, row, column, delimiter)
            cases[f"cell_{cell_name}_{delimiter_name}"] = Case(content, f"line {row + 2}, column {column + 1}", "is not a number",
                                                               suffix=".tsv" if delimiter == "\t" else ".csv")
    for name, cell in {"decimal_comma": '"1,5"', "thousands": '"1,234,567"', "quoted_word": '"x"', "empty_quotes_and_text": '"" x', "quoted_nan": '"nan"'}.items():
        message = "text after a closing quote" if name == "empty_quotes_and_text" else "is not a number"
        cases[f"cell_{name}"] = Case(table(cell, 4, 1), "line 6, column 2", message)
    return cases


RAW = ("--target", "0", "--task", "regression")  # for tables without a header


def broken_tables():
    raw = {
        "short_row": (b"1,2,3\n4,5\n6,7,8\n", "line 2, column 3", "the row has 2 cells, the first line has 3"),
        "long_row": (b"1,2,3\n4,5,6,7\n6,7,8\n", "line 2, column 4", "more cells"),
        "short_last_row": (b"1,2\n3,4\n5", "line 3, column 2", "the row has 1 cell"),
        "trailing_delimiter": (b"1,2\n3,4,\n5,6\n", "line 2, column 3", "more cells"),
        "short_row_of_blanks": (b"1 2 3\n4 5\n6 7 8\n", "line 2, column 3", "the row has 2 cells"),
        "long_row_of_tabs": (b"1\t2\n3\t4\t5\n6\t7\n", "line 2, column 3", "more cells"),
        "junk_line": (b"1,2,3\njunk\n4,5,6\n", "line 2, column 2", "the row has 1 cell"),
        "comment_line": (b"1,2,3\n# comment\n4,5,6\n", "line 2, column 2", "the row has 1 cell"),
        "closing_remark": (b"1,2,3\n4,5,6\nend of file\n", "line 3, column 2", "the row has 1 cell"),
        "opening_remark": (b"|1x3 Cross validator\n25, Private, 7, x\n26, Private, 8, y\n", "line 2, column 4", "more cells"),
        "blank_line_first": (b"\n1,2\n3,4\n", "line 1, column 1", "blank"),
        "blank_line_between": (b"1,2\n\n3,4\n", "line 2, column 1", "a blank line between rows"),
        "line_of_blanks_between": (b"1,2\n3,4\n   \n\n5,6\n", "line 3, column 1", "a blank line between rows"),
        "unclosed_quote_first": (b'"1,2\n3,4\n5,6\n', "line 1, column 1", "never closed"),
        "unclosed_quote": (b'1,2\n3,"4\n5,6\n', "line 2, column 2", "never closed"),
        "text_after_quote": (b'1,"2"x\n3,4\n5,6\n', "line 1, column 2", "text after a closing quote"),
        "two_quoted_texts": (b'1,2\n3,"4" "5"\n5,6\n', "line 2, column 2", "text after a closing quote"),
        "quote_inside": (b'1,2\n3,4"5\n5,6\n', "line 2, column 2", "a quote inside an unquoted cell"),
        "inches": (b'1,x\n2,5" pipe\n3,y\n', "line 2, column 2", "a quote inside an unquoted cell"),
        "nul_before_number": (b"1,2\n3,\x004\n5,6\n", "line 2, column 2", "a NUL byte"),
        "nul_after_number": (b"1,2\n3,4\x00\n5,6\n", "line 2, column 2", "a NUL byte"),
        "nul_in_word": (b"1,x\n2,y\x00\n3,x\n", "line 2, column 2", "a NUL byte"),
        "nul_in_quotes": (b'1,x\n2,"y\x00"\n3,x\n', "line 2, column 2", "a NUL byte"),
        "old_mac_line_ends": (b"1,2\r3,4\r5,6\r", "line 1, column 2", "carriage return"),
        "stray_carriage_return": (b"1,2\n3\r,4\n5,6\n", "line 2, column 1", "carriage return"),
        "latin_1": (b"1,x\n2,S\xe3o\n3,x\n", "line 2, column 2", "not valid UTF-8"),
        "overlong_utf_8": (b"1,x\n2,\xc0\xaf\n3,x\n", "line 2, column 2", "not valid UTF-8"),
        "surrogate_in_utf_8": (b"1,x\n2,\xed\xa0\x80\n3,x\n", "line 2, column 2", "not valid UTF-8"),
        "utf_16": ("\ufeff1,2\n3,4\n5,6\n".encode("utf-16-le"), "line 1, column 1", "UTF-16"),
        "utf_16_big_endian": ("\ufeff1,2\n3,4\n5,6\n".encode("utf-16-be"), "line 1, column 1", "UTF-16"),
        "decimal_commas": (b"1;2,5\n3;4,5\n5;6,5\n", "line 1, column 2", "decimal point"),
        "column_of_nan": (b"1,nan\n2,nan\n3,nan\n", "line 1, column 2", '"nan" is not a number'),
        "column_of_NA": (b"1,NA\n2,NA\n3,NA\n", "line 1, column 2", '"NA" is not a number'),
        "number_among_words": (b"1,x\n2,y\n3,7\n4,z\n5,8\n6,9\n", "line 1, column 2", "is not a number"),
        "empty_cells": (b"1,2\n3,\n5,6\n", "line 2, column 2", "a missing cell"),
    }
    cases = {f"table_{name}": Case(content, place, message, options=RAW) for name, (content, place, message) in raw.items()}
    headed = {
        "repeated_name": (b"y,b,b\n1,2,3\n0,5,6\n", "line 1, column 3", 'the header repeats "b"'),
        "repeated_name_with_a_blank": (b"y,b, b\n1,2,3\n0,5,6\n", "line 1, column 3", 'the header repeats "b"'),
        "latin_1_name": (b"y,n\xe4me\n1,2\n0,3\n", "line 1, column 2", "not valid UTF-8"),
        "repeated_header": (b"y,b\n1,2\n0,3\ny,b\n1,4\n", "line 4, column", "is not a number"),
        "short_row": (b"y,b\n1,2\n0\n", "line 3, column 2", "the row has 1 cell"),
        "long_row": (b"y,b\n1,2,3\n0,5,6\n", "line 2, column 3", "more cells"),
        "two_files_in_one": (b"y,b\n1,2\n0,3\na,b,c\n1,2,3\n", "line 4, column 3", "more cells"),
        "target_of_nan": (b"y,b\nnan,2\n0,3\n1,4\n", "line 2, column 1", "is not a number"),
        "missing_target": (b"y,b\n,2\n0,3\n1,4\n", "line 2, column 1", "missing"),
        "one_class": (b"y,b\nyes,2\nyes,3\nyes,4\n", "", 'all rows have the class "yes"'),
        "no_rows": (b"y,b\n", "", "no rows"),
        "empty_file": (b"", "", "empty"),
        "only_line_ends": (b"\n\n\n", "line 1, column 1", "blank"),
        "beyond_float32": (b"y,b\n0,1\n1,1e39\n0,2\n", "line 3, column 2", "does not fit float32"),
    }
    cases.update({f"headed_{name}": Case(content, place, message) for name, (content, place, message) in headed.items()})
    return cases


def broken_sparse():
    rows = {
        "index_0": ("0 0:1", 3, "feature index 0"), "descending": ("0 3:1 2:1", 7, "must ascend"), "repeated": ("0 2:1 2:1", 7, "repeated"),
        "index_2_to_32_plus_1": ("0 4294967297:1", 3, "exceeds"), "index_2_to_31": ("0 2147483648:1", 3, "exceeds"),
        "index_2_to_64_plus_1": ("0 18446744073709551617:1", 3, "exceeds"), "index_of_20_digits": ("0 99999999999999999999:1", 3, "exceeds"),
        "negative_index": ("0 -1:1", 3, "INDEX:VALUE"), "signed_index": ("0 +1:1", 3, "INDEX:VALUE"), "word_for_index": ("0 x:1", 3, "INDEX:VALUE"),
        "fractional_index": ("0 1.5:1", 3, "INDEX:VALUE"), "exponent_index": ("0 1e1:1", 3, "INDEX:VALUE"), "hex_index": ("0 0x1:1", 3, "INDEX:VALUE"),
        "index_alone": ("0 1", 3, "INDEX:VALUE"), "no_index": ("0 :1", 3, "INDEX:VALUE"), "colon_alone": ("0 :", 3, "INDEX:VALUE"),
        "no_value": ("0 1:", 5, "has no value"), "blank_before_value": ("0 1: 2", 5, "has no value"), "word_for_value": ("0 1:x", 5, "is not a number"),
        "nan": ("0 1:nan", 5, "is not a number"), "nanx": ("0 1:nanx", 5, "is not a number"), "inf": ("0 1:inf", 5, "is not a number"),
        "minus_inf": ("0 1:-inf", 5, "is not a number"), "1e400": ("0 1:1e400", 5, "is not a number"), "hex": ("0 1:0x1", 5, "is not a number"),
        "decimal_comma": ("0 1:1,5", 5, "decimal point"), "two_colons": ("0 1:1:2", 5, "is not a number"), "trailing_letter": ("0 1:1a", 5, "is not a number"),
        "bare_exponent": ("0 1:1e", 5, "is not a number"), "two_points": ("0 1:1.2.3", 5, "is not a number"), "underscore": ("0 1:1_0", 5, "is not a number"),
        "label_nan": ("nan 1:1", 1, "label"), "label_inf": ("inf 1:1", 1, "label"), "two_labels": ("1,2 1:1", 1, "label"), "word_for_label": ("yes 1:1", 1, "label"),
        "label_with_weight": ("1:0.5 1:1", 1, "not with a label"), "no_label": ("2:1 3:1", 1, "not with a label"), "junk_line": ("junk line here", 1, "label"),
        "junk_at_the_end": ("0 1:1 junk", 7, "INDEX:VALUE"), "query_id": ("0 qid:3 1:1", 3, "INDEX:VALUE"), "csv_line": ("0,1,2,3", 1, "label"),
        "nul_in_value": ("0 1:\x001", 5, "NUL"), "nul_in_index": ("0 1\x00:1", 3, "INDEX:VALUE"), "letter_O_for_0": ("0 1:O", 5, "is not a number"),
    }
    cases = {}
    for name, (row, column, message) in rows.items():
        content = f"1 1:1 2:2\n0 1:2 2:1\n{row}\n1 1:3 2:4\n".encode()
        cases[f"sparse_{name}"] = Case(content, f"line 3, column {column}", message, suffix=".libsvm", options=())
    whole = {
        "blank_line_between": (b"1 1:1\n\n0 1:1\n", "line 2, column 1", "a blank line between rows"),
        "blank_line_first": (b"\n1 1:1\n0 1:1\n", "line 1, column 1", "a blank line between rows"),
        "old_mac_line_ends": (b"1 1:1\r0 1:1\r", "line 1, column 5", "is not a number"),
        "nothing_but_comments": (b"# a\n# b\n", "", "no rows"),
        "beyond_float32": (b"0 1:1\n1 1:2 3:-1e39\n", "line 2, feature 3", "does not fit float32"),
    }
    cases.update({f"sparse_{name}": Case(content, place, message, suffix=".libsvm", options=()) for name, (content, place, message) in whole.items()})
    return cases


def odd_but_fine():
    plain = table()
    text = plain.decode()
    cases = {
        "crlf": text.replace("\n", "\r\n").encode(), "byte_order_mark": b"\xef\xbb\xbf" + plain, "trailing_blank_lines": plain + b"\n\n", "no_final_newline": plain[:-1],
        "blanks_round_cells": text.replace(",", " , ").encode(), "quoted_cells": "".join(",".join(f'"{c}"' for c in line.split(",")) + "\n" for line in text.split()).encode(),
        "signs": text.replace("\n1", "\n+1").encode(), "exponents": text.replace("\n10,", "\n1e1,").encode(), "leading_zeros": text.replace("\n10,", "\n0010,").encode(),
        "point_at_the_end": text.replace("\n10,", "\n10.,").encode(), "point_first": table(".5", 0, 1), "tiny_is_zero": table("1e-400", 0, 0),
        "many_digits": text.replace("1.5", "1.50000000000000000000000000000000000000").encode(), "tabs": text.replace(",", "\t").encode(),
        "semicolons": text.replace(",", ";").encode(), "runs_of_blanks": text.replace(",", "   ").encode(), "trailing_blanks": text.replace("\n", " \n").encode(),
    }
    same = {name: plain for name in cases} | {"point_first": table("0.5", 0, 1), "tiny_is_zero": table("0", 0, 0)}
    out = {f"fine_{name}": Case(content, None, same_as=same[name]) for name, content in cases.items()}
    rows = b"1 1:1 2:2\n0 1:2 3:1\n1 1:3 2:4\n0 2:1\n"
    sparse = {"crlf": rows.replace(b"\n", b"\r\n"), "comment": rows.replace(b"\n", b" # note\n", 1), "no_final_newline": rows[:-1],
              "trailing_blanks": rows.replace(b"\n", b"  \n"), "several_blanks": rows.replace(b" ", b"   "), "trailing_blank_lines": rows + b"\n\n"}
    out.update({f"fine_sparse_{name}": Case(content, None, same_as=rows, suffix=".libsvm", options=()) for name, content in sparse.items()})
    return out


CASES = bad_cells() | broken_tables() | broken_sparse() | odd_but_fine()
