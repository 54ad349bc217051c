## Flows

welcome-to = 欢迎使用 { $brand }
setup-app = 设置身份验证器应用
setup-codes = 获取恢复码
setup-email = 通过邮件接收验证码
setup-passkey = 设置通行密钥
passwordless = 使用通行密钥登录
logout = 退出登录
logged-out-of = 您已退出 { $app }。
change-password-flow = 修改密码
redirecting = 正在跳转到 { $app }
recovery = 找回您的账户
user-settings = 更新您的信息

## Fields

setup-header = 欢迎使用 Lockgate！请创建管理员账户。
username-field = 用户名
name-field = 姓名
email-field = 电子邮箱
admin-email = 管理员电子邮箱
password-field = 密码
password-repeat = 密码（再次输入）
locale-field = 语言
password-rule = 密码至少需要 8 个字符。

## Factors

authenticator-app = 身份验证器应用
recovery-codes = 恢复码

## Mails

reset-subject = 设置新密码
code-subject = 登录验证码
reference-code-subject = authentik 登录验证码

## Scopes

scope-email = 电子邮箱地址
scope-profile = 基本个人资料
scope-entitlements = 应用权限
scope-offline = 无需您操作即可获取新令牌
scope-api = 以您的身份访问 authentik API
scope-proxy = authentik Proxy – 用户信息

## Ways in and out

confirm-account-subject = 请确认您的账户
create-your-account = 创建您的账户
delete-my-account = 删除我的账户
delete-your-account = 删除您的账户
sign-in-subject = 登录
sign-in-by-email = 通过电子邮件登录
keep-sessions = 在我的其他设备上保持登录
account-goes = 您的账户及其所有内容将被删除，并且您会在所有地方退出登录。此操作无法撤销。
