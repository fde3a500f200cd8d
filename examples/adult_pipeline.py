# SPDX-License-Identifier: Apache-2.0
"""A scikit-learn program on the census rows of Adult in which one import was changed: text and numbers, a search over alpha, a test file."""

import sys

import pandas as pd
from glissade import SGDClassifier  # was: from sklearn.linear_model import SGDClassifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NAMES = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain capital_loss "
    "hours_per_week native_country income"
).split()


def read(path):
    rows = pd.read_csv(path, names=NAMES, skipinitialspace=True, na_values="?").dropna()
    return rows.drop(columns="income"), rows["income"].str.rstrip(".")


folder = sys.argv[1] if len(sys.argv) > 1 else "tests/data/adult"
x, y = read(f"{folder}/adult.data.gz")
x_test, y_test = read(f"{folder}/adult-test.csv.gz")

columns = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    (StandardScaler(), make_column_selector(dtype_include="number")),
)
model = make_pipeline(columns, SGDClassifier(loss="log_loss", random_state=0))
search = GridSearchCV(model, {"sgdclassifier__alpha": [1e-4, 1e-3]}, cv=3).fit(x, y)
print(f"alpha {search.best_params_['sgdclassifier__alpha']}, accuracy {search.score(x_test, y_test):.4f}")
