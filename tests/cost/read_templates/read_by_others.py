"""What AWS' own SAM translator and cfn-lint read in the templates beside; writes read_by_others.json.

pip install cfn-lint aws-sam-translator; python tests/cost/read_templates/read_by_others.py
"""

import json
import logging
from pathlib import Path

from cfnlint.decode import decode
from cfnlint.template import Template
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

HERE = Path(__file__).parent


def sam(path):
    template, _ = decode(str(path))
    translated = Translator({}, Parser()).translate(template, {}, feature_toggle=None)
    return {name: body["Type"] for name, body in translated["Resources"].items()}


def loops(path):
    template, _ = decode(str(path))
    read = Template(str(path), template, ["us-east-1"])
    read.transform()
    return {name: body["Type"] for name, body in read.template["Resources"].items()}


logging.basicConfig(level=logging.ERROR)
found = {"sam.yaml": sam(HERE / "sam.yaml"), "loops.yaml": loops(HERE / "loops.yaml")}
text = json.dumps(found, indent=1, sort_keys=True)
(HERE / "read_by_others.json").write_text(text + "\n", encoding="utf-8")
