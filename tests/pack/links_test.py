# SPDX-License-Identifier: Apache-2.0
"""Symbolic links within a package's directory, as `verify` and `sign` take them. Run by ctest; or:
python tests/pack/links_test.py."""

import unittest

import torch

from packing import PackingTest, gp


class LinksTest(PackingTest):
    """The C++ side takes them alike: tests/package/package_files_test.cpp."""

    def setUp(self):
        super().setUp()
        self.pack(torch.nn.Linear(4, 2), torch.rand(2, 4), [torch.rand(4)], files={"labels.txt": b"a\nb\n"})

    def as_projected_volume(self):
        state = self.package / "..2024_05_01"
        names = [path.name for path in self.package.iterdir()]
        state.mkdir()
        (self.package / "..data").symlink_to("..2024_05_01")
        for name in names:
            (self.package / name).rename(state / name)
            (self.package / name).symlink_to(f"..data/{name}")

    def test_links_that_stay_within_are_followed(self):
        self.as_projected_volume()
        gp.verify(self.package)
        (self.dir / "current").symlink_to(self.package)
        gp.verify(self.dir / "current")
        (self.package / "..2023_01_01").mkdir()
        (self.package / "..2023_01_01" / "model.ts").write_text("an older state")
        gp.verify(self.package)
        keys = gp.generate_key(self.dir / "key.pem")
        gp.sign(self.package, keys[0])
        gp.verify(self.package, keys[1])
        model = self.package / "..data" / "model.ts"
        model.write_bytes(model.read_bytes()[:-1] + b"x")
        with self.assertRaisesRegex(gp.CheckFailed, "^model.ts: its SHA-256 is not"):
            gp.verify(self.package)

    def test_an_unlisted_file_behind_a_link_is_refused(self):
        self.as_projected_volume()
        (self.package / "..data" / "golden" / "notes").write_text("")
        with self.assertRaisesRegex(gp.CheckFailed, "golden/notes is not listed"):
            gp.verify(self.package)

    def test_links_that_lead_out_say_what_to_do(self):
        blob = self.dir / "blob"
        (self.package / "gantry.json").rename(blob)
        (self.package / "gantry.json").symlink_to("../blob")  # as in a model cache
        with self.assertRaisesRegex(gp.CheckFailed, r"gantry.json is a symbolic link to '../blob', which leads out of .*cp -rL"):
            gp.verify(self.package)
        (self.package / "gantry.json").unlink()
        blob.rename(self.package / "gantry.json")
        (self.package / "golden").rename(self.dir / "elsewhere")
        (self.package / "golden").symlink_to(self.dir / "elsewhere")
        with self.assertRaisesRegex(gp.CheckFailed, "golden is a symbolic link to .*elsewhere', which leads out"):
            gp.verify(self.package)

    def test_a_signature_behind_a_link_that_leads_out_is_not_read(self):
        keys = gp.generate_key(self.dir / "key.pem")
        gp.sign(self.package, keys[0])
        (self.package / "gantry.json.sig").rename(self.dir / "sig")
        (self.package / "gantry.json.sig").symlink_to("../sig")
        with self.assertRaisesRegex(gp.CheckFailed, "^gantry.json.sig is a symbolic link to '../sig', which leads out"):
            gp.verify(self.package, keys[1])
        (self.package / "gantry.json.sig").unlink()
        (self.package / "gantry.json.sig").symlink_to(keys[1])  # of another size, which was what it said
        with self.assertRaisesRegex(gp.CheckFailed, "^gantry.json.sig is a symbolic link to .*, which leads out"):
            gp.verify(self.package, keys[1])

    def test_links_that_lead_nowhere(self):
        (self.package / "spare").symlink_to("nowhere")
        with self.assertRaisesRegex(gp.CheckFailed, "spare is a symbolic link to 'nowhere', which is not there"):
            gp.verify(self.package)
        (self.package / "spare").unlink()
        (self.package / "spare").symlink_to("spare")
        with self.assertRaisesRegex(gp.CheckFailed, "which leads in a circle"):
            gp.verify(self.package)


if __name__ == "__main__":
    unittest.main(verbosity=1)
